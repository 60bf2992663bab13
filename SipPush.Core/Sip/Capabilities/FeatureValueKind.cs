namespace SipPush.Sip;

/// <summary>What a value of a feature tag is, which says how it is compared (RFC 3841 §7.2.4).</summary>
public enum FeatureValueKind
{
    /// <summary>A token, TRUE and FALSE among them: compared without regard to case.</summary>
    Token,

    /// <summary>A string, written in angle brackets: compared with regard to case.</summary>
    Text,

    /// <summary>A number or a range of numbers, written behind <c>#</c>.</summary>
    Number,
}
