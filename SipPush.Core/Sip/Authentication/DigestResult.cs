namespace SipPush.Sip;

/// <summary>What a <see cref="DigestVerifier"/> found in a request, and who sent it.</summary>
public sealed class DigestResult
{
    private readonly string _realm;

    internal DigestResult(DigestVerdict verdict, string realm)
    {
        Verdict = verdict;
        _realm = realm;
    }

    /// <summary>What it found.</summary>
    public DigestVerdict Verdict { get; }

    /// <summary>The user's name, in clear where the client sent its hash; null unless accepted.</summary>
    public string? UserName { get; internal init; }

    /// <summary>The credentials that were judged; null when there were none for the realm.</summary>
    public DigestCredentials? Credentials { get; internal init; }

    internal string? Secret { get; init; }

    internal TimeSpan Issued { get; init; }

    /// <summary>
    /// True when the address is the user's own, where user names are those of addresses in the realm: it is <c>UserName@realm</c>, or
    /// the user name is the whole address. A request whose From, or whose To when it registers, is not the user's gets a 403.
    /// </summary>
    public bool Owns(SipUri? address)
    {
        if (UserName is null || address is not { IsSip: true })
        {
            return false;
        }

        var user = Uri.UnescapeDataString(address.User.ToString());
        var host = address.Host.ToString();
        return (user == UserName && host.Equals(_realm, StringComparison.OrdinalIgnoreCase))
            || (UserName.Length == user.Length + 1 + host.Length
                && UserName.StartsWith(user, StringComparison.Ordinal)
                && UserName[user.Length] == '@'
                && UserName.EndsWith(host, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Verdict and user name.</summary>
    public override string ToString() => UserName is null ? $"{Verdict}" : $"{Verdict}: {UserName}";
}
