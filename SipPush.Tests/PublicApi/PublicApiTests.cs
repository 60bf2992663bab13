using System.Reflection;
using System.Text;

namespace SipPush.Tests.PublicApi;

/// <summary>
/// What applications can see, against the list beside this file. A change of the surface is meant or it is a mistake: when it is
/// meant, the list changes in the same commit.
/// </summary>
public sealed class PublicApiTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly[] Assemblies = [typeof(SipPush.Sip.SipStack).Assembly, typeof(SipPush.Msrp.MsrpEndpoint).Assembly, typeof(SipPush.Sdp.SessionDescription).Assembly];

    private static IEnumerable<TestCaseData> Surfaces() =>
        Assemblies.Select(assembly => new TestCaseData(assembly).SetArgDisplayNames(assembly.GetName().Name!));

    [TestCaseSource(nameof(Surfaces))]
    public void The_surface_is_the_one_that_is_written_down(Assembly assembly)
    {
        var name = assembly.GetName().Name;
        var actual = Describe(assembly);
        var written = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{name}.actual.txt");
        File.WriteAllText(written, actual);

        var approved = File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "PublicApi", $"{name}.txt"));

        Assert.That(actual.Split('\n'), Is.EqualTo(approved.ReplaceLineEndings("\n").Split('\n')), $"What it is now stands in {written}");
    }

    private static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Kind(type)).Append(' ').Append(type.FullName).Append('\n');
            var members = type.GetMembers(Declared)
                .Where(IsVisible)
                .Select(member => Describe(member))
                .Order(StringComparer.Ordinal);
            foreach (var member in members)
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Kind(Type type) =>
        type.IsEnum ? "enum"
        : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : type.IsValueType ? "struct"
        : type is { IsAbstract: true, IsSealed: true } ? "static class"
        : type.IsAbstract ? "abstract class"
        : type.IsSealed ? "sealed class"
        : "class";

    // Accessors speak through their property; what the compiler adds to a record is the record's.
    private static bool IsVisible(MemberInfo member) => member switch
    {
        _ when member.Name.Contains('<', StringComparison.Ordinal) || member.Name is "EqualityContract" or "PrintMembers" => false,
        MethodBase method => IsVisible(method) && !(method.IsSpecialName && (method.Name.StartsWith("get_", StringComparison.Ordinal) || method.Name.StartsWith("set_", StringComparison.Ordinal))),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisible),
        FieldInfo field => (field.IsPublic || field.IsFamily) && !field.IsSpecialName,
        Type nested => nested.IsNestedPublic,
        _ => true,
    };

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Describe(MemberInfo member) => member switch
    {
        PropertyInfo property => $"{property} {{ {string.Join(' ', property.GetAccessors(nonPublic: true).Where(IsVisible).Select(Accessor))} }}",
        FieldInfo { IsLiteral: true } constant => $"{constant} = {constant.GetRawConstantValue()}",
        _ => member.ToString()!,
    };

    private static string Accessor(MethodInfo accessor) =>
        accessor.Name.StartsWith("get_", StringComparison.Ordinal) ? "get;"
        : accessor.ReturnParameter.GetRequiredCustomModifiers().Length > 0 ? "init;"
        : "set;";
}
