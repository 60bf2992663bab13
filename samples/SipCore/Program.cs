using System.CommandLine;
using System.CommandLine.Parsing;
using SipPush.Samples;
using SipPush.Samples.SipCore;
using SipPush.Sip;

var listen = SampleOptions.Listen("--listen", "Where user agents register and receive; UDP and TCP.", "127.0.0.1:5060");
var trusted = SampleOptions.Listen("--trusted", "Where application servers send and receive; UDP and TCP. Whoever sends here is believed.", "127.0.0.1:5062");
var domain = new Option<string>("--domain") { Description = "The domain of the users.", DefaultValueFactory = _ => "example.com" };
var psa = SampleOptions.Hop("--psa", "The application server that is told of registrations.");
var user = new Option<string[]>("--user") { Description = "A user and the password, name:password; may be repeated. Without any, everybody may register.", HelpName = "name:password" };
var minExpires = new Option<int>("--min-expires") { Description = "The shortest registration, in seconds.", DefaultValueFactory = _ => 60 };
var terminate = new Option<bool>("--terminate") { Description = "Remove a registration that the application server does not take." };
var noBody = new Option<bool>("--no-psa-body") { Description = "Tell the application server of registrations without the messages themselves." };
var json = SampleOptions.Json();
var trace = SampleOptions.Trace();

domain.Validators.Add(result => Require(result, SipUri.TryParse($"sip:{result.GetValueOrDefault<string>()}", out var uri) && uri.Port is null, "--domain is a name such as example.com."));
user.Validators.Add(result => Require(result, result.Tokens.All(token => token.Value.IndexOf(':') > 0), "--user is name:password."));
minExpires.Validators.Add(result => Require(result, result.GetValueOrDefault<int>() is > 0 and <= 7200, "--min-expires is from 1 to 7200."));

var command = new RootCommand("A small SIP core to try pushes with: registrar, proxy and third-party registration for one domain.")
{
    listen, trusted, domain, psa, user, minExpires, terminate, noBody, json, trace,
};
command.SetAction(RunAsync);
return await SampleOptions.RunAsync(command, args);

async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
{
    var stop = Shutdown.Token();
    var observer = new ConsoleObserver(parsed.GetValue(json) ? JsonEvents.ToStandardOutput() : null);
    var psaUri = parsed.GetValue(psa);
    Ladder? ladder = null;

    if (parsed.GetValue(trace))
    {
        ladder = new Ladder(Console.Error);
        ladder.AddColumn("core");
        if (psaUri is { Port: { } port })
        {
            ladder.Name(port, "psa");
        }
    }

    var options = new CoreOptions
    {
        Listen = parsed.GetValue(listen)!,
        Trusted = parsed.GetValue(trusted)!,
        Domain = parsed.GetValue(domain)!,
        PsaUri = psaUri,
        Users = Users(parsed.GetValue(user) ?? []),
        MinExpires = TimeSpan.FromSeconds(parsed.GetValue(minExpires)),
        OnPsaFailure = parsed.GetValue(terminate) ? DefaultHandling.Terminate : DefaultHandling.Continue,
        SendPsaBody = !parsed.GetValue(noBody),
        Observer = observer,
        Tap = ladder is null ? null : new LadderTap(ladder, "core"),
    };

    try
    {
        await using var core = await SipCoreServer.StartAsync(options, stop);
        foreach (var endPoint in core.Listen.Concat(core.Trusted))
        {
            observer.Listening(SipUri.Of(null, endPoint.Address, endPoint.Protocol).ToString());
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop).ContinueWith(_ => { }, TaskScheduler.Default);
        return 0;
    }
    catch (OperationCanceledException)
    {
        return 0;
    }
    catch (IOException error)
    {
        observer.Error(error.Message);
        return 1;
    }
}

static Dictionary<string, string> Users(string[] values)
{
    var users = new Dictionary<string, string>();
    foreach (var value in values)
    {
        var colon = value.IndexOf(':');
        users[value[..colon]] = value[(colon + 1)..];
    }

    return users;
}

static void Require(OptionResult result, bool condition, string message)
{
    if (!condition)
    {
        result.AddError(message);
    }
}
