using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>What a <see cref="SipCoreServer"/> is made of.</summary>
public sealed record CoreOptions
{
    /// <summary>Where user agents register and receive, over UDP and TCP. Nobody's word is taken here. Port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 5060);

    /// <summary>Where application servers send and receive, over UDP and TCP. Whoever sends here is trusted.</summary>
    public IPEndPoint Trusted { get; init; } = new(IPAddress.Loopback, 5062);

    /// <summary>Transports in place of those that <see cref="Listen"/> would make; the core disposes them.</summary>
    public IReadOnlyList<SipTransport> ListenTransports { get; init; } = [];

    /// <summary>Transports in place of those that <see cref="Trusted"/> would make; the core disposes them.</summary>
    public IReadOnlyList<SipTransport> TrustedTransports { get; init; } = [];

    /// <summary>The domain whose users register here.</summary>
    public string Domain { get; init; } = "example.com";

    /// <summary>The application server that hears of registrations, such as <c>sip:127.0.0.1:5080;transport=tcp</c>; null for none.</summary>
    public SipUri? PsaUri { get; init; }

    /// <summary>The user part by which the application server is called in the domain, when <see cref="PsaUri"/> has none.</summary>
    public string PsaUser { get; init; } = "psa";

    /// <summary>The users and their passwords. With none, anybody may register under any name, without digest.</summary>
    public IReadOnlyDictionary<string, string> Users { get; init; } = new Dictionary<string, string>();

    /// <summary>Registrations for less are refused (423).</summary>
    public TimeSpan MinExpires { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Registrations for longer are cut to this.</summary>
    public TimeSpan MaxExpires { get; init; } = TimeSpan.FromSeconds(7200);

    /// <summary>What a REGISTER gets that does not say for how long.</summary>
    public TimeSpan DefaultExpires { get; init; } = TimeSpan.FromSeconds(3600);

    /// <summary>How many contacts an address may have.</summary>
    public int MaxContacts { get; init; } = 10;

    /// <summary>How many addresses may be registered, and how many are remembered as known.</summary>
    public int MaxAddresses { get; init; } = 100_000;

    /// <summary>Whether the third-party REGISTER carries the user's REGISTER and its 200, so that the application server learns GRUU and features.</summary>
    public bool SendPsaBody { get; init; } = true;

    /// <summary>What happens when the application server does not take a registration.</summary>
    public DefaultHandling OnPsaFailure { get; init; } = DefaultHandling.Continue;

    /// <summary>How long one of several contacts may take to answer before the next is tried.</summary>
    public TimeSpan ContactTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The base values of the transaction timers; how long a call may ring is <see cref="SipTimers.C"/>.</summary>
    public SipTimers Timers { get; init; } = SipTimers.Rfc3261;

    /// <summary>Hears what happens.</summary>
    public CoreObserver Observer { get; init; } = CoreObserver.None;

    /// <summary>Limits and time-outs of the transports.</summary>
    public SipTransportOptions Transport { get; init; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The source of tags, branches and Call-IDs.</summary>
    public SipIdentifiers Identifiers { get; init; } = SipIdentifiers.Random;

    /// <summary>Where logs go.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Sees every message on the wire; null for none.</summary>
    public SipTap? Tap { get; init; }
}
