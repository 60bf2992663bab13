using SipPush.Sip;

namespace SipPush;

/// <summary>The feature tags of pushes.</summary>
internal static class PushFeatures
{
    /// <summary>The service and, unless there is none, the applications.</summary>
    public static FeatureSet Of(string icsi, IReadOnlyList<PushApplicationId> applications) => applications.Count == 0
        ? new FeatureSet(FeatureTag.Icsi(icsi))
        : new FeatureSet(FeatureTag.Icsi(icsi), FeatureTag.PushEventApplications(applications.Select(Name)));

    /// <summary>The same as parameters of a Contact.</summary>
    public static IReadOnlyList<string> Parameters(string icsi, IReadOnlyList<PushApplicationId> applications) => [.. Of(icsi, applications).Tags.Select(tag => tag.ToString())];

    /// <summary>The applications that a set names; what is no name is left out.</summary>
    public static IEnumerable<PushApplicationId> Applications(FeatureSet features)
    {
        foreach (var name in features.PushEventApplications)
        {
            if (PushApplicationId.TryParse(name, out var application))
            {
                yield return application;
            }
        }
    }

    // The tag escapes for itself what a Push Resource Identifier has escaped.
    private static string Name(PushApplicationId application) => Uri.UnescapeDataString(application.ResourceIdentifier);
}
