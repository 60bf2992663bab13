using System.CommandLine;
using System.Net;

namespace SipPush.Benchmarks.Load;

/// <summary>Bulk transfers over MSRP, and the same octets over bare sockets.</summary>
internal static class LoadTransferCommands
{
    public static IEnumerable<Command> Create() =>
    [
        CreateSend("msrp-send", "Sends messages on one session of MSRP", 256 * 1024, LoadMsrpSender.RunAsync),
        CreateReceive("msrp-receive", "Takes the messages of one session of MSRP", LoadMsrpReceiver.RunAsync),
        CreateSend("tcp-send", "Sends as many octets over a bare socket with pipelines: what MSRP is measured against", 64 * 1024, LoadTcpSender.RunAsync),
        CreateReceive("tcp-receive", "Takes what tcp-send sends", LoadTcpReceiver.RunAsync),
        CreateParse(), CreateIdle(),
    ];

    private static Command CreateSend(string name, string description, int defaultChunk, Func<LoadTransfer, CancellationToken, Task<LoadTransferReport>> run)
    {
        var connect = LoadCommand.EndPointOption("--connect", "Where the receiver listens");
        var size = new Option<long>("--size") { Description = "Octets of each message", DefaultValueFactory = _ => 1L << 30 };
        var chunk = new Option<int>("--chunk") { Description = "Octets of a chunk; over bare sockets, of a write", DefaultValueFactory = _ => defaultChunk };
        var messages = new Option<int>("--messages") { Description = "How many", DefaultValueFactory = _ => 1 };
        var warmUp = new Option<int>("--warm-up") { Description = "How many before those, not measured" };
        var inFlight = new Option<int>("--in-flight") { Description = "Messages under way at any time; bare sockets know no messages", DefaultValueFactory = _ => 1 };
        var file = new Option<FileInfo>("--file") { Description = "What is sent, in place of random octets" };
        var hash = HashOption();
        var command = new Command(name, description) { connect, size, chunk, messages, warmUp, inFlight, file, hash };
        var root = AddTls(command, "With --tls: the certificate that the receiver has written");

        command.SetAction(async (parse, _) =>
        {
            using var stop = new LoadStop(seconds: 0);
            var transfer = new LoadTransfer(
                parse.GetRequiredValue(connect), parse.GetValue(root), parse.GetValue(size), parse.GetValue(chunk), parse.GetValue(messages), parse.GetValue(warmUp),
                parse.GetValue(inFlight), parse.GetValue(file), parse.GetValue(hash));
            var report = await run(transfer, stop.Token).ConfigureAwait(false);
            report.Print();
            return report.Failed == 0 ? 0 : 1;
        });
        return command;
    }

    private static Command CreateReceive(string name, string description, Func<LoadReception, CancellationToken, Task<LoadTransferReport>> run)
    {
        var listen = LoadCommand.EndPointOption("--listen", "Address and port to listen on");
        var rate = new Option<long>("--rate") { Description = "Octets a second that are read at first; as many as come without it" };
        var rateSeconds = new Option<double>("--rate-seconds") { Description = "For so long", DefaultValueFactory = _ => 10 };
        var file = new Option<FileInfo>("--file") { Description = "Where the message is written; it must not exist" };
        var hash = HashOption();
        var command = new Command(name, description) { listen, rate, rateSeconds, file, hash };
        var root = AddTls(command, "With --tls: where the certificate to trust is written");

        command.SetAction(async (parse, _) =>
        {
            using var stop = new LoadStop(seconds: 0);
            var reception = new LoadReception(
                parse.GetRequiredValue(listen), parse.GetValue(root), parse.GetValue(rate), TimeSpan.FromSeconds(parse.GetValue(rateSeconds)), parse.GetValue(file), parse.GetValue(hash));
            var report = await run(reception, stop.Token).ConfigureAwait(false);
            report.Print();
            return report.Failed == 0 ? 0 : 1;
        });
        return command;
    }

    private static Command CreateParse()
    {
        var file = new Argument<FileInfo>("file") { Description = "One direction of a connection, its octets and nothing else" };
        var read = new Option<int>("--read") { Description = "Octets that come at once", DefaultValueFactory = _ => 64 * 1024 };
        var command = new Command("msrp-parse", "Takes a captured stream apart, frame by frame") { file, read };

        command.SetAction(parse =>
        {
            LoadMsrpParser.Run(parse.GetRequiredValue(file), parse.GetValue(read));
            return 0;
        });
        return command;
    }

    private static Command CreateIdle()
    {
        var listen = LoadCommand.EndPointOption("--listen", "Address and port of the end that is measured");
        listen.Required = false;
        var connect = LoadCommand.EndPointOption("--connect", "Where that end listens");
        connect.Required = false;
        var sessions = new Option<int>("--sessions") { Description = "How many, at both ends", DefaultValueFactory = _ => 10_000 };
        var command = new Command("msrp-idle", "Sessions that do nothing, each on a connection of its own") { listen, connect, sessions };
        command.Validators.Add(result =>
        {
            if (result.GetValue(listen) is null == result.GetValue(connect) is null)
            {
                result.AddError("Either --listen or --connect");
            }
        });

        command.SetAction(async (parse, _) =>
        {
            using var stop = new LoadStop(seconds: 0);
            await (parse.GetValue(listen) is { } local
                ? LoadMsrpIdle.ListenAsync(local, parse.GetValue(sessions), stop.Token)
                : LoadMsrpIdle.ConnectAsync(parse.GetRequiredValue(connect), parse.GetValue(sessions), stop.Token)).ConfigureAwait(false);
            return 0;
        });
        return command;
    }

    private static Option<bool> HashOption() => new("--hash") { Description = "Prints the SHA-256 of all bodies; meant for one message at a time" };

    private static Option<FileInfo> AddTls(Command command, string description)
    {
        var tls = new Option<bool>("--tls") { Description = "Over TLS" };
        var root = new Option<FileInfo>("--root") { Description = description };
        command.Add(tls);
        command.Add(root);
        command.Validators.Add(result =>
        {
            if (result.GetValue(tls) != result.GetValue(root) is not null)
            {
                result.AddError("--tls takes --root, and nothing else does");
            }
        });
        return root;
    }
}
