using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// One line of the file of registrations, <c>checksum SP json LF</c>: that a user is registered, or no longer is. The checksum is the
/// CRC-32C of the JSON in eight hexadecimal digits. JSON has no line end of its own, so after damage the next line is found again.
/// </summary>
internal sealed record RegistrationRecord
{
    /// <summary>The octets of a line that are not its JSON.</summary>
    public const int Frame = 10;

    private const string SetOperation = "set";
    private const string RemoveOperation = "remove";

    // The file is read by nobody who would take it for HTML, and is easier to read by a person.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What a line turned out to be.</summary>
    public enum Kind
    {
        /// <summary>Not what was written.</summary>
        Damaged,

        /// <summary>Written whole, by a version that has more to say.</summary>
        Unknown,

        Set,
        Removed,
    }

    public string? Op { get; init; }

    public string? Aor { get; init; }

    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? Expires { get; init; }

    public string? PublicGruu { get; init; }

    public string? TemporaryGruu { get; init; }

    public IReadOnlyList<string>? Applications { get; init; }

    public IReadOnlyList<string>? Icsis { get; init; }

    public string? ServiceInfo { get; init; }

    public string? CallId { get; init; }

    public uint? CSeq { get; init; }

    /// <summary>Writes the JSON of a line: of a registration, or of its end when there is none.</summary>
    public static void WriteJson(IBufferWriter<byte> json, SipUri aor, PushRegistration? registration)
    {
        var record = registration is null
            ? new RegistrationRecord { Op = RemoveOperation, Aor = ToText(aor) }
            : new RegistrationRecord
            {
                Op = SetOperation,
                Aor = ToText(aor),
                RegisteredAt = registration.RegisteredAt,
                Expires = registration.Expires,
                PublicGruu = ToText(registration.PublicGruu),
                TemporaryGruu = ToText(registration.TemporaryGruu),
                Applications = registration.Applications is [] ? null : [.. registration.Applications.Select(application => application.ResourceIdentifier)],
                Icsis = registration.Icsis is [] ? null : registration.Icsis,
                ServiceInfo = registration.ServiceInfo,
                CallId = registration.CallId,
                CSeq = registration.CSeq,
            };

        using var writer = new Utf8JsonWriter(json, Plain);
        JsonSerializer.Serialize(writer, record, RegistrationJson.Default.RegistrationRecord);
    }

    /// <summary>Writes a line around its JSON.</summary>
    public static void WriteLine(IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        var line = output.GetSpan(json.Length + Frame);
        Utf8Formatter.TryFormat(Checksum(json), line, out _, new StandardFormat('x', 8));
        line[8] = (byte)' ';
        json.CopyTo(line[9..]);
        line[json.Length + 9] = (byte)'\n';
        output.Advance(json.Length + Frame);
    }

    /// <summary>Reads a line without its LF.</summary>
    public static Kind Read(ReadOnlySpan<byte> line, out SipUri? aor, out PushRegistration? registration)
    {
        (aor, registration) = (null, null);

        if (line.Length < Frame || line[8] != ' ' || !HasChecksum(line[..8], Checksum(line[9..])))
        {
            return Kind.Damaged;
        }

        try
        {
            var record = JsonSerializer.Deserialize(line[9..], RegistrationJson.Default.RegistrationRecord);
            return (record?.Op) switch
            {
                SetOperation when TryReadUri(record.Aor, out aor) && record.TryRead(aor!, out registration) => Kind.Set,
                RemoveOperation when TryReadUri(record.Aor, out aor) => Kind.Removed,
                _ => Kind.Unknown,
            };
        }
        catch (JsonException)
        {
            return Kind.Unknown;
        }
    }

    /// <summary>CRC-32C: whatever is changed in up to three bits, or within 32 bits in a row, is found, and all else but for one in 2^32.</summary>
    public static uint Checksum(ReadOnlySpan<byte> octets)
    {
        var crc = uint.MaxValue;
        for (; octets.Length >= sizeof(ulong); octets = octets[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(octets));
        }

        foreach (var octet in octets)
        {
            crc = BitOperations.Crc32C(crc, octet);
        }

        return ~crc;
    }

    private static bool HasChecksum(ReadOnlySpan<byte> digits, uint checksum)
    {
        Span<byte> expected = stackalloc byte[8];
        Utf8Formatter.TryFormat(checksum, expected, out _, new StandardFormat('x', 8));
        return digits.SequenceEqual(expected);
    }

    private bool TryRead(SipUri aor, out PushRegistration? registration)
    {
        registration = null;
        SipUri? publicGruu = null, temporaryGruu = null;
        var applications = new List<PushApplicationId>();

        if (Expires is not { } expires
            || (PublicGruu is not null && !TryReadUri(PublicGruu, out publicGruu))
            || (TemporaryGruu is not null && !TryReadUri(TemporaryGruu, out temporaryGruu)))
        {
            return false;
        }

        foreach (var text in Applications ?? [])
        {
            // Without one of them the registration would say something else.
            if (!PushApplicationId.TryFromResourceIdentifier(text, out var application))
            {
                return false;
            }

            applications.Add(application);
        }

        registration = new PushRegistration
        {
            Aor = aor,
            RegisteredAt = RegisteredAt ?? default,
            Expires = expires,
            PublicGruu = publicGruu,
            TemporaryGruu = temporaryGruu,
            Applications = applications,
            Icsis = Icsis ?? [],
            ServiceInfo = ServiceInfo,
            CallId = CallId ?? "",
            CSeq = CSeq ?? 0,
        };
        return true;
    }

    // A character an octet: a URI need not be UTF-8, and a GRUU has to go out as it came in.
    private static string? ToText(SipUri? uri) => uri is null ? null : Encoding.Latin1.GetString(uri.Text.Span);

    private static bool TryReadUri(string? text, out SipUri? uri)
    {
        uri = null;
        return text is not null
            && !text.AsSpan().ContainsAnyExceptInRange('\0', '\u00FF')
            && SipUri.TryParse(new SipText(Encoding.Latin1.GetBytes(text)), out uri);
    }
}

/// <summary>How records are written as JSON, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RegistrationRecord))]
internal sealed partial class RegistrationJson : JsonSerializerContext;
