using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>From a Request-URI of the domain to contacts (RFC 3261 §16.5, RFC 5627 §6.1, RFC 3841 §7.2).</summary>
internal sealed class TargetFinder(CoreDomain domain, LocationTable locations, GruuBook gruus)
{
    public Targets Find(SipRequest request, SipUri uri)
    {
        var isGruu = uri.Parameters.TryGet("gr"u8, out var instance);
        var isTemporary = isGruu && instance.IsEmpty;
        SipUri? addressOfRecord;
        ulong key = 0;

        if (isTemporary)
        {
            key = gruus.ReadUser(uri.User.Span) ?? 0;
            addressOfRecord = key == 0 ? null : locations.FindInstance(key);
        }
        else
        {
            addressOfRecord = domain.AddressOfRecord(uri);
        }

        // A temporary GRUU is void once its registration has ended, and a void one is like an unknown name (RFC 5627 §6.1).
        if (addressOfRecord is null || !locations.IsKnown(addressOfRecord))
        {
            return new Targets([], null, 404);
        }

        var bound = locations.Find(addressOfRecord).OrderByDescending(binding => binding.Order);
        Binding[] candidates =
        [
            .. isTemporary ? bound.Where(binding => binding.InstanceKey == key)
            : isGruu ? bound.Where(binding => binding.Instance is { } own && CoreDomain.EscapeInstance(own) == instance.ToString())
            : bound,
        ];

        var left = CallerPreferences.Of(request).Match(candidates, binding => FeatureSet.FromContact(binding.Contact), binding => binding.Q);
        return new Targets([.. left.Select(match => match.Contact)], addressOfRecord, 480, isGruu);
    }
}
