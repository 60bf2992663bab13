namespace SipPush.Sdp;

/// <summary>Who has made a session description, and which version of it this is: the <c>o=</c> line (RFC 8866 §5.2).</summary>
public sealed record Origin
{
    /// <summary>An origin in the Internet.</summary>
    /// <param name="userName">The user, or <c>-</c>.</param>
    /// <param name="sessionId">Digits that make the session unique: <see cref="SdpIdentifiers.NewSessionId"/>.</param>
    /// <param name="sessionVersion">Digits; grows by one with each change (RFC 3264 §8).</param>
    /// <param name="address">A domain name or an address; an IPv6 address without brackets.</param>
    /// <exception cref="ArgumentException">One of them can't stand in the line.</exception>
    public Origin(string userName, string sessionId, string sessionVersion, string address)
        : this(userName, sessionId, sessionVersion, "IN", ConnectionData.AddressTypeOf(address), address)
    {
    }

    /// <summary>An origin anywhere.</summary>
    /// <exception cref="ArgumentException">One of the values can't stand in the line.</exception>
    public Origin(string userName, string sessionId, string sessionVersion, string networkType, string addressType, string address)
    {
        UserName = SdpGrammar.CheckVisible(userName, nameof(userName));
        SessionId = SdpGrammar.CheckDigits(sessionId, nameof(sessionId));
        SessionVersion = SdpGrammar.CheckDigits(sessionVersion, nameof(sessionVersion));
        NetworkType = SdpGrammar.CheckToken(networkType, nameof(networkType));
        AddressType = SdpGrammar.CheckToken(addressType, nameof(addressType));
        Address = SdpGrammar.CheckVisible(address, nameof(address));
    }

    /// <summary>The user at the originating host, or <c>-</c>.</summary>
    public string UserName { get; }

    /// <summary>Digits that make the session unique together with all but the version.</summary>
    public string SessionId { get; }

    /// <summary>Digits; a later version has more.</summary>
    public string SessionVersion { get; private init; }

    /// <summary><c>IN</c>, as a rule.</summary>
    public string NetworkType { get; }

    /// <summary><c>IP4</c> or <c>IP6</c>, as a rule.</summary>
    public string AddressType { get; }

    /// <summary>The host: a domain name or an address.</summary>
    public string Address { get; }

    /// <summary>True when both name the same session, whatever the versions.</summary>
    public bool IsSameSession(Origin? other) => other is not null && this with { SessionVersion = other.SessionVersion } == other;

    /// <summary>The same origin with the version that follows this one.</summary>
    public Origin Next()
    {
        var digits = SessionVersion.ToCharArray();
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            if (digits[i] != '9')
            {
                digits[i]++;
                return this with { SessionVersion = new string(digits) };
            }

            digits[i] = '0';
        }

        return this with { SessionVersion = "1" + new string(digits) };
    }

    /// <summary>As it stands behind <c>o=</c>.</summary>
    public override string ToString() => $"{UserName} {SessionId} {SessionVersion} {NetworkType} {AddressType} {Address}";

    internal static Origin? Read(ReadOnlySpan<char> value)
    {
        var userName = SdpGrammar.TakeField(ref value);
        var sessionId = SdpGrammar.TakeField(ref value);
        var version = SdpGrammar.TakeField(ref value);
        var networkType = SdpGrammar.TakeField(ref value);
        var addressType = SdpGrammar.TakeField(ref value);
        return SdpGrammar.IsVisible(userName) && SdpGrammar.IsDigits(sessionId) && SdpGrammar.IsDigits(version)
            && SdpGrammar.IsToken(networkType) && SdpGrammar.IsToken(addressType) && SdpGrammar.IsVisible(value)
                ? new Origin(userName.ToString(), sessionId.ToString(), version.ToString(), networkType.ToString(), addressType.ToString(), value.ToString())
                : null;
    }
}
