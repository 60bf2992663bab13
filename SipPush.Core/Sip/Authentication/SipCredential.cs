namespace SipPush.Sip;

/// <summary>A user name and its password. They are hashed as UTF-8 just as they are, so what is beyond ASCII should be in
/// Normalization Form C, as the server has it (RFC 7616 §4).</summary>
/// <param name="UserName">The user name as the server knows it, which need not be the user part of the address.</param>
/// <param name="Password">The password; it is left out of <see cref="ToString"/>.</param>
/// <param name="Realm">The realm it is for; null for any that asks.</param>
public sealed record SipCredential(string UserName, string Password, string? Realm = null)
{
    /// <summary>User name and realm.</summary>
    public override string ToString() => Realm is null ? UserName : $"{UserName} in {Realm}";
}
