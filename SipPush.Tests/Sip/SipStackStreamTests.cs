using System.Net.Sockets;
using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip;

/// <summary>The stack on a stream that a stranger writes to: a bare socket at the far end.</summary>
public sealed class SipStackStreamTests
{
    private const string Options = """
        OPTIONS sip:127.0.0.1 SIP/2.0
        Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKa1
        Max-Forwards: 70
        From: <sip:alice@example.com>;tag=1
        To: <sip:127.0.0.1>
        Call-ID: c1
        CSeq: 1 OPTIONS
        Content-Length: 0


        """;

    private SipStack _stack = null!;
    private TcpClient _peer = null!;
    private NetworkStream _stream = null!;

    [SetUp]
    public async Task Start()
    {
        _stack = await SipStack.StartAsync(new SipStackOptions
        {
            Listen = [SipEndPoint.Parse("tcp:127.0.0.1:0")],
            Limits = new SipLimits { Body = 1000, HeaderSection = 2000 },
        });
        _peer = new TcpClient();
        await _peer.ConnectAsync(_stack.Local[0].Address);
        _stream = _peer.GetStream();
    }

    [TearDown]
    public async Task Stop()
    {
        await _stream.DisposeAsync();
        _peer.Dispose();
        await _stack.DisposeAsync();
    }

    [TestCase("Content-Length: 0\n", "", "SIP/2.0 400 Bad Content-Length", Description = "SIP-06")]
    [TestCase("Content-Length: 0", "Content-Length: many", "SIP/2.0 400 Bad Content-Length", Description = "SIP-06")]
    [TestCase("Content-Length: 0", "Content-Length: 1001", "SIP/2.0 413 Request Entity Too Large", Description = "SIP-96")]
    public async Task What_cannot_be_framed_is_answered_and_the_connection_closed(string from, string to, string status)
    {
        await WriteAsync(Options.ReplaceLineEndings("\n").Replace(from, to, StringComparison.Ordinal));

        var answer = await ReadToEndAsync();

        Assert.That(answer, Does.StartWith(status + "\r\n").And.Contain("Call-ID: c1\r\n"));
    }

    [Test]
    public async Task A_header_section_without_end_is_cut_off_at_the_limit()
    {
        await WriteAsync(Options.ReplaceLineEndings("\n").Replace("Content-Length: 0\n", "Subject: " + new string('x', 3000), StringComparison.Ordinal));

        // SIP-96
        Assert.That(await ReadToEndAsync(), Does.StartWith("SIP/2.0 513 "));
    }

    [Test]
    public async Task Many_requests_in_one_write_are_all_answered_in_order()
    {
        await WriteAsync(string.Concat(Enumerable.Range(0, 50).Select(i => Options.Replace("a1", $"a{i}", StringComparison.Ordinal).Replace("c1", $"call{i}", StringComparison.Ordinal))));
        _peer.Client.Shutdown(SocketShutdown.Send);

        var answers = await ReadToEndAsync();

        Assert.That(answers.Split("\r\n").Where(line => line.StartsWith("Call-ID", StringComparison.Ordinal)), Is.EqualTo(Enumerable.Range(0, 50).Select(i => $"Call-ID: call{i}")));
    }

    private async Task WriteAsync(string text) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n")));

    private async Task<string> ReadToEndAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
        using var reader = new StreamReader(_stream);
        return await reader.ReadToEndAsync(limit.Token);
    }
}
