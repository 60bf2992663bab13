using System.CommandLine;
using System.Net;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary><c>load</c>: whole-process runs over real sockets, each of which ends with one line of JSON.</summary>
internal static class LoadCommand
{
    public static Command Create() =>
        new("load", "Runs that load real sockets from one process and answer in another")
        {
            CreateEcho(), CreatePing(), CreateSipUas(), CreateSipUac(), CreateRetained(), CreateDriver(),
        };

    private static Command CreateEcho()
    {
        var listen = EndPointOption("--listen", "Address and port to answer on");
        var transport = TransportOption();
        var seconds = new Option<double>("--seconds") { Description = "How long; without it until Ctrl+C or SIGTERM" };
        var command = new Command("echo", "Answers 882 octets with 345 on bare .NET sockets: the limit a SIP stack is measured against") { listen, transport, seconds };

        command.SetAction(parse =>
        {
            using var stop = new LoadStop(parse.GetValue(seconds));
            using var echo = LoadEcho.Start(parse.GetRequiredValue(listen), parse.GetRequiredValue(transport));
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

        command.SetAction(parse =>
        {
            var length = TimeSpan.FromSeconds(parse.GetValue(seconds));
            using var stop = new LoadStop(seconds: 0);
            LoadPing.Run(parse.GetRequiredValue(target), parse.GetRequiredValue(transport), parse.GetValue(inFlight), length, stop.Token).Print();
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

        command.SetAction(async (parse, _) =>
        {
            using var stop = new LoadStop(parse.GetValue(seconds));
            var uas = await LoadSipUas.StartAsync(EndPoint(parse.GetRequiredValue(listen), parse.GetRequiredValue(transport))).ConfigureAwait(false);
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

        command.SetAction(async (parse, _) =>
        {
            var length = TimeSpan.FromSeconds(parse.GetValue(seconds));
            using var stop = new LoadStop(seconds: 0);
            var remote = EndPoint(parse.GetRequiredValue(target), parse.GetRequiredValue(transport));
            var report = await LoadSipUac.RunAsync(remote, parse.GetValue(inFlight), length, stop.Token).ConfigureAwait(false);
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

    private static SipEndPoint EndPoint(IPEndPoint address, string transport) =>
        new(transport == "tcp" ? SipProtocol.Tcp : SipProtocol.Udp, address);

    private static Option<string> TransportOption()
    {
        var option = new Option<string>("--transport") { Description = "udp or tcp", DefaultValueFactory = _ => "udp" };
        option.AcceptOnlyFromAmong("udp", "tcp");
        return option;
    }

    private static Option<IPEndPoint> EndPointOption(string name, string description) => new(name)
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
