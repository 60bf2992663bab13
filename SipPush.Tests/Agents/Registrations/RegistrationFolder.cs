using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using SipPush.Sip;

namespace SipPush.Tests.Agents;

/// <summary>A folder with a file of registrations in it, what its stores have logged, and registrations to put there.</summary>
internal sealed class RegistrationFolder : ILoggerFactory, ILogger, IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sippush-");
    private readonly List<string> _warnings = [];

    public string File => Path.Combine(_folder.FullName, "registrations");

    public string NewFile => File + ".new";

    /// <summary>The warnings and errors so far, with the file's name as FILE.</summary>
    public string[] Warnings
    {
        get
        {
            lock (_warnings)
            {
                return [.. _warnings];
            }
        }
    }

    /// <summary>What is in the file; no store may have it open.</summary>
    public byte[] Octets => System.IO.File.ReadAllBytes(File);

    public string Text => Encoding.UTF8.GetString(Octets);

    public ValueTask<FileRegistrationStore> OpenAsync(FileRegistrationStoreOptions? options = null) =>
        FileRegistrationStore.OpenAsync(File, (options ?? new FileRegistrationStoreOptions()) with { LoggerFactory = this });

    /// <summary>What a store finds in the file when it is opened, in a comparable form.</summary>
    public async Task<string[]> ReadAsync()
    {
        await using var store = await OpenAsync();
        return await ListAsync(store);
    }

    public static async Task<string[]> ListAsync(RegistrationStore store)
    {
        var found = new List<string>();
        await foreach (var registration in store.ListAsync(default))
        {
            found.Add(Show(registration));
        }

        found.Sort(StringComparer.Ordinal);
        return [.. found];
    }

    /// <summary>All that is known of a registration, octet for octet.</summary>
    public static string Show(PushRegistration registration) => string.Join(
        '|',
        Show(registration.Aor),
        registration.RegisteredAt.ToString("O", CultureInfo.InvariantCulture),
        registration.Expires.ToString("O", CultureInfo.InvariantCulture),
        Show(registration.PublicGruu),
        Show(registration.TemporaryGruu),
        string.Join(',', registration.Applications.Select(application => application.ResourceIdentifier)),
        string.Join(',', registration.Icsis),
        registration.ServiceInfo ?? "-",
        registration.CallId,
        registration.CSeq.ToString(CultureInfo.InvariantCulture));

    /// <summary>A registration of a user whose name is a number, the CSeq being the version.</summary>
    public static PushRegistration User(int number, uint version = 1) => new()
    {
        Aor = SipUri.Parse($"sip:u{number}@example.com"),
        RegisteredAt = Start,
        Expires = Start.AddSeconds(number),
        Applications = ["mms.ua"],
        CallId = $"{number}@scscf",
        CSeq = version,
    };

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_warnings)
        {
            _warnings.Add(formatter(state, exception).Replace(File, "FILE", StringComparison.Ordinal));
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Show(SipUri? uri) => uri is null ? "-" : Encoding.Latin1.GetString(uri.Text.Span);
}
