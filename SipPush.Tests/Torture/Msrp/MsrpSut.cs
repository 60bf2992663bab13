using System.Collections.Concurrent;
using System.Globalization;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Torture;

/// <summary>The system under test of MSRP entries: an endpoint without listeners, with two sessions, a clock that is moved, and ids that are known.</summary>
internal sealed class MsrpSut : IAsyncDisposable
{
    public const string L = "msrp://sut.example.com:2855/Loc4lSess10n;tcp";
    public const string P = "msrp://peer.example.com:7777/P33rSess10n;tcp";
    public const string L2 = "msrp://sut.example.com:2855/Sec0ndSess;tcp";
    public const string P2 = "msrp://peer2.example.com:7778/P2;tcp";
    public const int MaxSize = 1_000_000;

    private readonly ConcurrentDictionary<IncomingMsrpMessage, MsrpScriptedSink> _sinks = [];
    private readonly bool _toFiles;
    private int _files;
    private bool _disposed;

    /// <param name="toFiles">Whether messages are received into files.</param>
    public MsrpSut(bool toFiles = false)
    {
        _toFiles = toFiles;
        if (toFiles)
        {
            Folder = Directory.CreateTempSubdirectory("sippush-msrp-").FullName;
        }

        Endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions
        {
            AdvertisedHost = "sut.example.com",
            Identifiers = Ids,
            TimeProvider = Clock,
            LoggerFactory = Log,
            BindTimeout = Timeout.InfiniteTimeSpan,
        });
        Sessions = [new MsrpSutSession(this, "L", L, P), new MsrpSutSession(this, "L2", L2, P2)];
    }

    public ManualTimeProvider Clock { get; } = new();

    public SutLog Log { get; } = new();

    public MsrpFixedIdentifiers Ids { get; } = new();

    public MsrpEndpoint Endpoint { get; }

    public IReadOnlyList<MsrpSutSession> Sessions { get; }

    /// <summary>Where files are received; null where none are.</summary>
    public string? Folder { get; }

    /// <summary>Octets after which writing to a file fails; never by default.</summary>
    public long DiskFailsAt { get; set; } = long.MaxValue;

    /// <summary>Octets after which reading a body that is sent fails; never by default.</summary>
    public long SourceFailsAt { get; set; } = long.MaxValue;

    /// <summary>Whether a file of that name is there already when one is to get its name.</summary>
    public bool IsNameTaken { get; set; }

    /// <summary>Whether the application throws when it is asked where a message goes.</summary>
    public bool IsApplicationBroken { get; set; }

    /// <summary>Length and digests of the file that was announced.</summary>
    public (long? Length, IReadOnlyList<MsrpFileHash> Hashes) Announced { get; set; } = (null, []);

    /// <summary>The session of that name: L, L2, 1, 2, its id or its URI.</summary>
    /// <exception cref="ScenarioSkip">There is none.</exception>
    public MsrpSutSession Session(string? name) => name switch
    {
        null or "L" or "L1" or "1" or "first" => Sessions[0],
        "L2" or "2" or "second" => Sessions[1],
        _ when name.Contains("Loc4lSess10n", StringComparison.Ordinal) || name.Contains("P33rSess10n", StringComparison.Ordinal) || name == "P" => Sessions[0],
        _ when name.Contains("Sec0ndSess", StringComparison.Ordinal) || name == P2 || name == "P2" => Sessions[1],
        _ => throw new ScenarioSkip($"the session {name}"),
    };

    public MsrpScriptedSink? SinkOf(IncomingMsrpMessage message) => _sinks.GetValueOrDefault(message);

    /// <summary>Where a message goes; null where its application reads it.</summary>
    public MsrpSink? OpenSink(IncomingMsrpMessage message)
    {
        if (IsApplicationBroken)
        {
            throw new InvalidOperationException(SutLog.Ordered);
        }

        if (!_toFiles)
        {
            return null;
        }

        var options = new MsrpFileSinkOptions
        {
            Path = Path.Combine(Folder!, string.Create(CultureInfo.InvariantCulture, $"received-{Interlocked.Increment(ref _files)}")),
            Length = Announced.Length,
            Expected = Announced.Hashes,
        };
        return _sinks[message] = new MsrpScriptedSink(() => MsrpFileSink.OpenAsync(options), written =>
        {
            if (written >= DiskFailsAt)
            {
                throw new IOException("There is not enough space on the disk");
            }

            if (IsNameTaken)
            {
                File.WriteAllText(options.Path, "somebody else's");
            }
        });
    }

    /// <summary>Ends everything. The peers must not hold up what is written to them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (var session in Sessions)
        {
            session.Pause(false);
        }

        await Endpoint.DisposeAsync();
        foreach (var session in Sessions)
        {
            await session.EndAsync();
        }

        if (Folder is not null)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
