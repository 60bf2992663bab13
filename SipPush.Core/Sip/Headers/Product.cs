namespace SipPush.Sip;

/// <summary>One product of User-Agent or Server: <c>Softphone/Beta1.5 (for tests)</c>.</summary>
/// <param name="Name">What stands before the slash; empty where a comment stands alone.</param>
/// <param name="Version">What stands behind it; empty when there is none.</param>
/// <param name="Comment">The comment behind the product, in its parentheses; empty when there is none.</param>
public readonly record struct Product(SipText Name, SipText Version = default, SipText Comment = default)
{
    /// <summary>As it is written.</summary>
    public override string ToString() =>
        $"{Name}{(Version.IsEmpty ? "" : "/")}{Version}{(Name.IsEmpty || Comment.IsEmpty ? "" : " ")}{Comment}";
}
