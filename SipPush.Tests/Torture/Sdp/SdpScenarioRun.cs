using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using SipPush.Sdp;

namespace SipPush.Tests.Torture;

/// <summary>
/// One run of a scenario of offers and answers. A text that is offered is the peer's offer and the system under test answers it; where an
/// answer with a text comes next, the offer was that of the system under test and the text is the peer's answer. An offer without a text is
/// one that the system under test makes. Whatever it writes is checked at once: it is read strictly, and an answer fits its offer.
/// </summary>
internal sealed class SdpScenarioRun
{
    public const string Fixture = "sdp-oa";

    private static readonly string[] FileStates = ["none", "accepted", "refused", "unchanged", "offered"];

    private readonly OfferAnswerExchange _exchange = new();
    private readonly FileTransfers _transfers = new();
    private readonly List<object> _codes = [];
    private readonly long _memoryAtStart = GC.GetTotalMemory(forceFullCollection: false);
    private readonly TimeSpan _processorAtStart = Process.GetCurrentProcess().TotalProcessorTime;
    private IReadOnlyList<NegotiatedLine> _lines = [];
    private string _fileState = "none";
    private int _deliveries;
    private bool _isFailed;

    /// <exception cref="ScenarioFailure">A step failed.</exception>
    /// <exception cref="ScenarioSkip">A step can't be done.</exception>
    public void Run(IReadOnlyList<JsonObject> steps)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            var step = new Step(steps[i]);
            var next = steps.Skip(i + 1).FirstOrDefault(later => (string?)later["op"] is not ("note" or "wait" or "advance-clock"));
            try
            {
                Run(step, isAnswered: (string?)next?["op"] == "answer");
                step.EndReading();
            }
            catch (ScenarioFailure failure)
            {
                throw new ScenarioFailure($"step {i + 1} ({step}): {failure.Message}");
            }
            catch (ScenarioSkip skip)
            {
                throw new ScenarioSkip($"step {i + 1} ({step}): {skip.Message}");
            }
        }
    }

    private void Run(Step step, bool isAnswered)
    {
        switch (step.Op)
        {
            case "note":
                step.Ask("text");
                break;
            case "wait" or "advance-clock":
                // There is no clock in it.
                step.Ask("ms");
                break;
            case "offer":
                Offer(step.Text("text"), ByPeer(step) ?? !isAnswered);
                break;
            case "offer-file":
                Offer(FileOffer(step), isPeers: true);
                break;
            case "answer":
                Answer(step.Text("text"));
                break;
            case "expect":
                Expect(step.Number("response") ?? throw new ScenarioSkip("no response"));
                break;
            case "assert":
                Assert(step);
                break;
            default:
                throw new ScenarioSkip("there is no such step for offers and answers");
        }
    }

    private static bool? ByPeer(Step step) => (step.Text("by") ?? step.Text("from"))?.ToLowerInvariant() switch
    {
        null => null,
        "sut" => false,
        "peer" or "a" or "b" => true,
        var who => throw new ScenarioSkip($"an offer by {who}"),
    };

    private void Offer(string? text, bool isPeers)
    {
        if (text is not null && isPeers)
        {
            ReceiveOffer(text);
            return;
        }

        if (!_exchange.CanOffer)
        {
            throw new ScenarioSkip($"the system under test can't offer: {_exchange.State}");
        }

        var draft = text is null ? _exchange.Local ?? SdpOfferer.CreateOffer(SutSdp.Capabilities, new MessageOffer()) : Read(text);
        if (draft is null)
        {
            throw new ScenarioSkip("the text that the system under test is to offer can't be read");
        }

        CheckWritten(_exchange.Offer(draft));
    }

    private void ReceiveOffer(string text)
    {
        if (Read(text) is not { } offer)
        {
            Refuse(400);
            return;
        }

        var verdict = _exchange.ReceiveOffer(offer);
        if (verdict is not (OfferVerdict.Changed or OfferVerdict.Unchanged))
        {
            Refuse(verdict switch { OfferVerdict.Glare => 491, OfferVerdict.AlreadyOpen => 500, _ => 488 });
            return;
        }

        var answer = SdpAnswerer.Answer(offer, SutSdp.Capabilities, _transfers);
        foreach (var line in answer.Lines)
        {
            _deliveries += line is { IsAccepted: true, Novelty: FileTransferNovelty.New } && (line.Remote!.File is not null || verdict == OfferVerdict.Changed) ? 1 : 0;
            if (line.Remote?.File is not null || line.Fault == MessageMediaFault.BadFile)
            {
                _fileState = !line.IsAccepted ? "refused" : line.Novelty == FileTransferNovelty.Known ? "unchanged" : "accepted";
            }
        }

        CheckWritten(answer.Description);
        if (AnswerCheck.Check(offer, answer.Description) is { Count: > 0 } faults && faults.Any(fault => !fault.IsHarmless))
        {
            throw new ScenarioFailure($"the answer is none: {string.Join(", ", faults)}");
        }

        if (answer.RefusalStatus is { } status && _exchange.Remote is null)
        {
            _exchange.Withdraw();
            Refuse(status);
            return;
        }

        CheckWritten(_exchange.Answer(answer.Description));
        _lines = answer.Lines;
        _codes.Add(200);
        TestContext.Out.WriteLine(_exchange.Local);
    }

    private void Answer(string? text)
    {
        if (text is null)
        {
            throw new ScenarioSkip("an answer without a text: an offer is answered at once");
        }

        if (_exchange.State == OfferAnswerState.Stable)
        {
            Offer(text: null, isPeers: false);
        }

        if (_exchange.State != OfferAnswerState.OfferSent)
        {
            throw new ScenarioSkip($"nothing was offered: {_exchange.State}");
        }

        var offer = _exchange.OpenOffer!;
        var answer = Read(text);
        var faults = answer is null ? [] : _exchange.ReceiveAnswer(answer);
        if (answer is null || faults.Any(fault => !fault.IsHarmless))
        {
            TestContext.Out.WriteLine($"no answer: {(answer is null ? "can't be read" : string.Join(", ", faults))}");
            _exchange.Withdraw();
            _lines = _exchange.Local is null ? [] : _lines;
            _isFailed = true;
            return;
        }

        _lines = SdpOfferer.ReadAnswer(offer, answer);
        _isFailed = _lines.Any(line => line.Refusal == LineRefusal.Unusable);
        TestContext.Out.WriteLine(string.Join(", ", _lines.Select(line => line.Route is { } route ? $"{(route.IsActive ? "connects to" : "waits, else")} {route.Host}:{route.Port}" : $"{line.Refusal}")));
    }

    // What it says is said by the system under test itself; here only that nothing is written that could not be read.
    private static void CheckWritten(SessionDescription description)
    {
        if (!SessionDescription.TryParse(description.ToOctets(), out var again, out var error, SdpProfile.Strict) || !again.Equals(description))
        {
            throw new ScenarioFailure($"what was written can't be read: {error}");
        }
    }

    private void Refuse(int status)
    {
        _codes.Add(status);
        _isFailed = true;
        TestContext.Out.WriteLine($"refused with {status}");
    }

    private static SessionDescription? Read(string text) =>
        SessionDescription.TryParse(Encoding.Latin1.GetBytes(text), out var description, out _) ? description : null;

    private static string FileOffer(Step step)
    {
        var size = step.Number("size");
        var hash = step.Text("hash");
        var octets = hash?.Replace(":", "", StringComparison.Ordinal).Replace("sha-1", "", StringComparison.OrdinalIgnoreCase) ?? "";
        if (octets.Length != 40 || !octets.All(char.IsAsciiHexDigit))
        {
            octets = hash is null ? "" : "72245FE8653DDAF371362F86D471913EE4A2CE2E";
        }

        var selector = new FileSelector
        {
            Name = step.Text("name"),
            Type = step.Text("type"),
            Size = size,
            Hashes = octets.Length == 0 ? [] : [FileHash.Sha1(Convert.FromHexString(octets))],
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"v=0\r\no=peer 2890844526 2890844526 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=message 7777 TCP/MSRP *\r\na=setup:actpass\r\na=sendonly\r\na=accept-types:message/cpim text/plain\r\na=accept-wrapped-types:*\r\na=path:msrp://192.0.2.1:7777/P33rSess10n;tcp\r\na=file-selector:{selector}\r\na=file-transfer-id:{step.Text("id") ?? "vBnG916bdberum2fFEABR1FR3ExZMUrd"}\r\n");
    }

    private void Expect(int response)
    {
        if (_codes.Count == 0 || !Equals(_codes[^1], response))
        {
            throw new ScenarioFailure($"wanted {response}, got {(_codes.Count == 0 ? "nothing" : _codes[^1])}");
        }
    }

    private void Assert(Step step)
    {
        var what = step.Text("what") ?? throw new ScenarioSkip("no what");
        object value = what switch
        {
            "app-deliveries" => _deliveries,
            "app-messages" => 0,
            "file-state" => _fileState,
            "sockets" => _lines.Count(line => line.Route is { IsActive: true, NeedsOfferWithoutCema: false }),
            "session-failed" => _isFailed,
            "response-codes" => _codes,
            "throws" => false,
            "process-alive" => true,
            "memory-growth-bytes" => GC.GetTotalMemory(forceFullCollection: true) - _memoryAtStart,
            "cpu-ms" => (Process.GetCurrentProcess().TotalProcessorTime - _processorAtStart).TotalMilliseconds,
            _ => throw new ScenarioSkip($"there is no {what} in an exchange of descriptions"),
        };
        var checks = 0;
        Compare("eq", wanted => ScenarioAsserts.Is(value, wanted));
        Compare("n", wanted => ScenarioAsserts.Is(value, wanted));
        Compare("le", wanted => ScenarioAsserts.Number(value) <= ScenarioAsserts.Number(wanted));
        Compare("one_of", wanted => ScenarioAsserts.Items(value).TrueForAll(item => wanted.AsArray().Any(one => ScenarioAsserts.Is(item, one!))));
        Compare("subset", wanted => ScenarioAsserts.Items(value).TrueForAll(item => wanted.AsArray().Any(one => ScenarioAsserts.Is(item, one!))));
        if (checks == 0)
        {
            throw new ScenarioSkip($"{what} without a comparison that is known here");
        }

        void Compare(string field, Func<JsonNode, bool> holds)
        {
            if (step.Ask(field) is not { } wanted)
            {
                return;
            }

            checks++;
            if (holds(wanted))
            {
                return;
            }

            var words = wanted is JsonArray list ? list.Select(item => item!.ToString()) : [wanted.ToString()];
            if (what == "file-state" && !words.Any(FileStates.Contains))
            {
                throw new ScenarioSkip($"the state {wanted.ToJsonString()} of a file is not one of an exchange of descriptions");
            }

            throw new ScenarioFailure($"{what} is {value}, wanted {field} {wanted.ToJsonString()}");
        }
    }
}
