namespace SipPush.Sip.Location;

/// <summary>The order in which the servers of a service are tried (RFC 2782, "Usage rules").</summary>
internal static class ServiceOrder
{
    /// <summary>By priority; among equals by weight and <paramref name="chance"/>, which gives numbers from 0 to 1, 1 excluded.</summary>
    public static IEnumerable<DnsServiceRecord> Of(IEnumerable<DnsServiceRecord> records, Func<double> chance)
    {
        foreach (var equals in records.GroupBy(record => record.Priority).OrderBy(group => group.Key))
        {
            // Those of weight 0 come first, which leaves them a very small chance.
            var rest = equals.OrderBy(record => record.Weight != 0).ToList();
            while (rest.Count > 0)
            {
                var number = (int)(chance() * (rest.Sum(record => record.Weight) + 1));
                var at = 0;
                for (var sum = rest[0].Weight; sum < number; sum += rest[at].Weight)
                {
                    at++;
                }

                yield return rest[at];
                rest.RemoveAt(at);
            }
        }
    }
}
