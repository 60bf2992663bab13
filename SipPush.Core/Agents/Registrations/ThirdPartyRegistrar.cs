using System.Globalization;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// Takes the REGISTERs by which the core tells an application server who is registered (TS 24.229 §5.4.1.7). No binding is made: the
/// Contact is the core's own, and of the request only To and Expires count.
/// </summary>
internal sealed class ThirdPartyRegistrar(Registrations registrations, SipStack stack, ILogger log)
{
    // RFC 3261 §10.2.1.1: what is meant when nothing is said.
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(1);

    public async ValueTask HandleAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        var request = transaction.Request;
        if (!transaction.IsTrusted)
        {
            PushLog.RegisterNotTrusted(log, transaction.Flow);
            await transaction.RespondAsync(403, cancellationToken: cancellationToken).ConfigureAwait(false);
            return;
        }

        if (request.To.Uri is not { } to)
        {
            await transaction.RespondAsync(400, "To is no URI", cancellationToken).ConfigureAwait(false);
            return;
        }

        NameAddress[] contacts = [.. request.Addresses(SipHeaderNames.Contact)];
        var lifetime = contacts.Select(contact => contact.ExpiresIn()).FirstOrDefault(expires => expires is not null) ?? request.Expires ?? DefaultLifetime;
        var registration = Read(request, to.WithoutParameters(), lifetime);

        switch (await registrations.AcceptAsync(registration, cancellationToken).ConfigureAwait(false))
        {
            case Registrations.Acceptance.OutOfOrder:
                await transaction.RespondAsync(500, "Out of order", cancellationToken).ConfigureAwait(false);
                break;

            case Registrations.Acceptance.NoRoom:
                using (var refusal = transaction.CreateResponse(503))
                {
                    refusal.Add(SipHeaderNames.RetryAfter, "60");
                    await transaction.RespondAsync(refusal.Build(), cancellationToken).ConfigureAwait(false);
                }
                break;

            default:
                using (var answer = transaction.CreateResponse(200))
                {
                    var granted = ((long)lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                    foreach (var contact in contacts)
                    {
                        answer.Add(SipHeaderNames.Contact, Granted(contact, granted));
                    }

                    answer.Add(SipHeaderNames.Expires, granted);
                    await transaction.RespondAsync(answer.Build(), cancellationToken).ConfigureAwait(false);
                }
                break;
        }
    }

    private PushRegistration Read(SipRequest request, SipUri aor, TimeSpan lifetime)
    {
        var now = stack.TimeProvider.GetUtcNow();
        var body = ThirdPartyRegistrationBody.Read(request, stack.Limits, stack.Profile);
        if (body.HasUnreadable)
        {
            PushLog.UnreadableBody(log, aor);
        }

        // The core chooses among several devices; of one, its GRUU says more than the AOR.
        var devices = body.Contacts.Where(contact => contact.PushEventApplications.Count > 0).ToList();
        var device = devices.Count == 1 ? devices[0] : body.Contacts.Count == 1 ? body.Contacts[0] : null;

        return new PushRegistration
        {
            Aor = aor,
            RegisteredAt = now,
            Expires = now + lifetime,
            PublicGruu = device?.PublicGruu,
            TemporaryGruu = device?.TemporaryGruu,
            Applications = [.. body.Contacts.SelectMany(contact => PushFeatures.Applications(contact.Features)).Distinct()],
            Icsis = [.. body.Contacts.SelectMany(contact => contact.Icsis).Distinct(StringComparer.OrdinalIgnoreCase)],
            ServiceInfo = body.ServiceInfo,
            CallId = request.CallId.ToString(),
            CSeq = request.CSeq.Number,
        };
    }

    private static string Granted(NameAddress contact, string seconds)
    {
        var text = new System.Text.StringBuilder((contact with { Parameters = default }).ToString());
        foreach (var (name, value) in contact.Parameters)
        {
            if (!name.EqualsIgnoreCase("expires"u8))
            {
                text.Append(';').Append(name.ToString()).Append(value.IsEmpty ? "" : "=").Append(value.ToString());
            }
        }

        return text.Append(";expires=").Append(seconds).ToString();
    }
}
