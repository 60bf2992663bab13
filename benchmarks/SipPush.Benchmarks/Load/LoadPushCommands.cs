using System.CommandLine;

namespace SipPush.Benchmarks.Load;

/// <summary>Pushes from one agent to another.</summary>
internal static class LoadPushCommands
{
    public static IEnumerable<Command> Create() => [CreateReceive(), CreateSend()];

    private static Command CreateReceive()
    {
        var listen = LoadCommand.EndPointOption("--listen", "Address and port to answer on, with udp on TCP, too; MSRP listens at a free port");
        var transport = LoadCommand.TransportOption("tcp");
        var t1 = LoadCommand.T1Option();
        var seconds = new Option<double>("--seconds") { Description = "How long; without it until Ctrl+C or SIGTERM" };
        var command = new Command("push-receive", "Takes pushes, and reports when the stack has forgotten the last of them, 64*T1 after the end") { listen, transport, t1, seconds };
        var root = LoadCommand.AddRootOption(command, transport);

        command.SetAction(async (parse, _) =>
        {
            using var stop = new LoadStop(parse.GetValue(seconds));
            var local = LoadCommand.EndPoint(parse.GetRequiredValue(listen), parse.GetRequiredValue(transport));
            var tls = LoadCertificates.Server(local.Address.Address, parse.GetValue(root));
            var receiver = await LoadPushReceiver.StartAsync(local, tls, LoadCommand.Timers(parse.GetValue(t1))).ConfigureAwait(false);
            await using var stopped = receiver.ConfigureAwait(false);
            stop.Wait();
            (await receiver.ReportAsync().ConfigureAwait(false)).Print();
            return 0;
        });
        return command;
    }

    private static Command CreateSend()
    {
        var target = LoadCommand.EndPointOption("--target", "Where 'load push-receive' listens");
        var transport = LoadCommand.TransportOption("tcp");
        var t1 = LoadCommand.T1Option();
        var mode = new Option<string>("--mode") { Description = "session or message", DefaultValueFactory = _ => "session" };
        mode.AcceptOnlyFromAmong("session", "message");
        var size = new Option<long>("--size") { Description = "Octets of each content", DefaultValueFactory = _ => 4096 };
        var inFlight = new Option<int>("--in-flight") { Description = "Pushes under way at any time", DefaultValueFactory = _ => 32 };
        var count = new Option<int>("--count") { Description = "How many, unless the time is over before; any number without it", DefaultValueFactory = _ => int.MaxValue };
        var seconds = new Option<double>("--seconds") { Description = "How long; the report comes 64*T1 later, when the stack has forgotten the last push", DefaultValueFactory = _ => 5 };
        var command = new Command("push-send", "Pushes, each in a session of its own: INVITE, MSRP with a report, BYE") { target, transport, t1, mode, size, inFlight, count, seconds };
        var root = LoadCommand.AddRootOption(command, transport);

        command.SetAction(async (parse, _) =>
        {
            using var stop = new LoadStop(seconds: 0);
            var remote = LoadCommand.EndPoint(parse.GetRequiredValue(target), parse.GetRequiredValue(transport));
            var tls = LoadCertificates.Client(remote.Address.Address, parse.GetValue(root));
            var sender = await LoadPushSender.StartAsync(
                remote, tls, LoadCommand.Timers(parse.GetValue(t1)), parse.GetValue(mode) == "message" ? PushMode.Message : PushMode.Session, parse.GetValue(size)).ConfigureAwait(false);
            await using var stopped = sender.ConfigureAwait(false);
            var report = await sender.RunAsync(parse.GetValue(inFlight), parse.GetValue(count), TimeSpan.FromSeconds(parse.GetValue(seconds)), stop.Token).ConfigureAwait(false);
            report.Print();
            return report.Failed == 0 ? 0 : 1;
        });
        return command;
    }
}
