using System.CommandLine;
using System.Net;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary><c>load</c>: whole-process runs over real sockets, each of which ends with one line of JSON.</summary>
internal static class LoadCommand
{
    public static Command Create()
    {
        var command = new Command("load", "Runs that load real sockets from one process and answer in another")
        {
            CreateEcho(), CreatePing(), CreateSipUas(), CreateSipUac(), CreateCallsUas(), CreateCallsUac(), CreateRetained(), CreateDriver(),
        };
        foreach (var other in LoadTransferCommands.Create().Concat(LoadPushCommands.Create()))
        {
            command.Add(other);
        }

        return command;
    }

    private static Command CreateEcho()
    {
        var listen = EndPointOption("--listen", "Address and port to answer on");
        var transport = TransportOption();
        var seconds = new Option<double>("--seconds") { Description = "How long; without it until Ctrl+C or SIGTERM" };
        var command = new Command("echo", "Answers 882 octets with 345 on bare .NET sockets: the limit a SIP stack is measured against")
        {
            listen, transport, seconds,
        };
        var root = AddRootOption(command, transport);

        command.SetAction(parse =>
        {
            using var stop = new LoadStop(parse.GetValue(seconds));
            var address = parse.GetRequiredValue(listen);
            using var certificate = parse.GetValue(root) is { } file ? LoadCertificates.Create(address.Address, file) : null;
            using var echo = LoadEcho.Start(address, parse.GetRequiredValue(transport), certificate);
            stop.Wait();
            echo.Report().Print();
            return 0;
        });
        return command;
    }

    private static Command CreatePing()
    {
        var target = EndPointOption("--target", "Where 'load echo' listens");
        var transport = TransportOption();
        var inFlight = new Option<int>("--in-flight") { Description = "Requests waiting for their answer at any time", DefaultValueFactory = _ => 32 };
        var seconds = new Option<double>("--seconds") { Description = "How long", DefaultValueFactory = _ => 5 };
        var command = new Command("ping", "Sends 882 octets, counts answers of 345") { target, transport, inFlight, seconds };
        var root = AddRootOption(command, transport);

        command.SetAction(parse =>
        {
            var length = TimeSpan.FromSeconds(parse.GetValue(seconds));
            using var stop = new LoadStop(seconds: 0);
            var roots = parse.GetValue(root) is { } file ? LoadCertificates.Read(file) : null;
            LoadPing.Run(parse.GetRequiredValue(target), parse.GetRequiredValue(transport), roots, parse.GetValue(inFlight), length, stop.Token).Print();
            return 0;
        });
        return command;
    }

    private static Command CreateSipUas()
    {
        var listen = EndPointOption("--listen", "Address and port to answer on");
        var transport = TransportOption();
        var seconds = new Option<double>("--seconds") { Description = "How long; without it until Ctrl+C or SIGTERM" };
        var command = new Command("sip-uas", "A stack that answers every MESSAGE with 200") { listen, transport, seconds };
        var root = AddRootOption(command, transport);

        command.SetAction(async (parse, _) =>
        {
            using var stop = new LoadStop(parse.GetValue(seconds));
            var local = EndPoint(parse.GetRequiredValue(listen), parse.GetRequiredValue(transport));
            var uas = await LoadSipUas.StartAsync(local, LoadCertificates.Server(local.Address.Address, parse.GetValue(root))).ConfigureAwait(false);
            await using var stopped = uas.ConfigureAwait(false);
            stop.Wait();
            uas.Report().Print();
            return 0;
        });
        return command;
    }

    private static Command CreateSipUac()
    {
        var target = EndPointOption("--target", "Where 'load sip-uas' or any other SIP server listens");
        var transport = TransportOption();
        var inFlight = new Option<int>("--in-flight") { Description = "Transactions under way at any time", DefaultValueFactory = _ => 32 };
        var seconds = new Option<double>("--seconds") { Description = "How long", DefaultValueFactory = _ => 5 };
        var command = new Command("sip-uac", "Sends MESSAGEs of about 882 octets, each in a transaction of its own") { target, transport, inFlight, seconds };
        var root = AddRootOption(command, transport);

        command.SetAction(async (parse, _) =>
        {
            var length = TimeSpan.FromSeconds(parse.GetValue(seconds));
            using var stop = new LoadStop(seconds: 0);
            var remote = EndPoint(parse.GetRequiredValue(target), parse.GetRequiredValue(transport));
            var tls = LoadCertificates.Client(remote.Address.Address, parse.GetValue(root));
            var report = await LoadSipUac.RunAsync(remote, tls, parse.GetValue(inFlight), length, stop.Token).ConfigureAwait(false);
            report.Print();
            return 0;
        });
        return command;
    }

    private static Command CreateCallsUas()
    {
        var listen = EndPointOption("--listen", "Address and port to answer on");
        var transport = TransportOption();
        var t1 = T1Option();
        var seconds = new Option<double>("--seconds") { Description = "How long; without it until Ctrl+C or SIGTERM" };
        var command = new Command("calls-uas", "A user agent that accepts every call; reports when the stack has forgotten the last of them, 64*T1 after the end")
        {
            listen, transport, t1, seconds,
        };
        var root = AddRootOption(command, transport);

        command.SetAction(async (parse, _) =>
        {
            using var stop = new LoadStop(parse.GetValue(seconds));
            var local = EndPoint(parse.GetRequiredValue(listen), parse.GetRequiredValue(transport));
            var tls = LoadCertificates.Server(local.Address.Address, parse.GetValue(root));
            var uas = await LoadCallsUas.StartAsync(local, tls, Timers(parse.GetValue(t1))).ConfigureAwait(false);
            await using var stopped = uas.ConfigureAwait(false);
            stop.Wait();
            (await uas.ReportAsync().ConfigureAwait(false)).Print();
            return 0;
        });
        return command;
    }

    private static Command CreateCallsUac()
    {
        var target = EndPointOption("--target", "Where 'load calls-uas' or any other SIP server listens");
        var transport = TransportOption();
        var t1 = T1Option();
        var inFlight = new Option<int>("--in-flight") { Description = "Calls under way at any time", DefaultValueFactory = _ => 32 };
        var seconds = new Option<double>("--seconds") { Description = "How long; the report comes 64*T1 later, when the stack has forgotten the last call", DefaultValueFactory = _ => 5 };
        var command = new Command("calls-uac", "Makes calls: INVITE, 200, ACK, BYE, 200") { target, transport, t1, inFlight, seconds };
        var root = AddRootOption(command, transport);

        command.SetAction(async (parse, _) =>
        {
            var length = TimeSpan.FromSeconds(parse.GetValue(seconds));
            using var stop = new LoadStop(seconds: 0);
            var remote = EndPoint(parse.GetRequiredValue(target), parse.GetRequiredValue(transport));
            var tls = LoadCertificates.Client(remote.Address.Address, parse.GetValue(root));
            var report = await LoadCallsUac.RunAsync(remote, tls, Timers(parse.GetValue(t1)), parse.GetValue(inFlight), length, stop.Token).ConfigureAwait(false);
            report.Print();
            return 0;
        });
        return command;
    }

    private static Command CreateRetained()
    {
        var count = new Option<int>("--count") { Description = "Transactions to complete", DefaultValueFactory = _ => 1_000_000 };
        var command = new Command("retained", "What a stack keeps of a completed transaction, in octets of its heap") { count };

        command.SetAction(async (parse, _) =>
        {
            await LoadDriver.RetainAsync(parse.GetValue(count)).ConfigureAwait(false);
            return 0;
        });
        return command;
    }

    private static Command CreateDriver()
    {
        var threads = new Option<int[]>("--threads") { Description = "Threads that bring requests; one run for each number given", DefaultValueFactory = _ => [1, 2] };
        var seconds = new Option<double>("--seconds") { Description = "How long each", DefaultValueFactory = _ => 5 };
        var command = new Command("driver", "Server transactions without a network, with one thread and with two") { threads, seconds };

        command.SetAction(async (parse, _) =>
        {
            await LoadDriver.RunAsync(parse.GetRequiredValue(threads), TimeSpan.FromSeconds(parse.GetValue(seconds))).ConfigureAwait(false);
            return 0;
        });
        return command;
    }

    public static SipEndPoint EndPoint(IPEndPoint address, string transport) =>
        new(transport switch { "tcp" => SipProtocol.Tcp, "tls" => SipProtocol.Tls, _ => SipProtocol.Udp }, address);

    public static SipTimers Timers(double t1) => new() { T1 = TimeSpan.FromMilliseconds(t1) };

    public static Option<double> T1Option() =>
        new("--t1") { Description = "T1 in milliseconds; 64 times that is how long a call is remembered", DefaultValueFactory = _ => 500 };

    public static Option<string> TransportOption(string standard = "udp")
    {
        var option = new Option<string>("--transport") { Description = "udp, tcp or tls", DefaultValueFactory = _ => standard };
        option.AcceptOnlyFromAmong("udp", "tcp", "tls");
        return option;
    }

    public static Option<FileInfo> AddRootOption(Command command, Option<string> transport)
    {
        var option = new Option<FileInfo>("--root") { Description = "With tls: the file from which who connects learns whom to trust. Who listens writes it" };
        command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(transport) == "tls" != result.GetValue(option) is not null)
            {
                result.AddError("--transport tls takes --root, and nothing else does");
            }
        });
        return option;
    }

    public static Option<IPEndPoint> EndPointOption(string name, string description) => new(name)
    {
        Description = description,
        Required = true,
        CustomParser = result =>
        {
            if (IPEndPoint.TryParse(result.Tokens[0].Value, out var endPoint) && endPoint.Port != 0)
            {
                return endPoint;
            }
            result.AddError($"{name} wants an address and a port, such as 127.0.0.1:5080");
            return null;
        },
    };
}
