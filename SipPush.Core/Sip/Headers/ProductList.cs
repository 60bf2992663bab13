using System.Diagnostics.CodeAnalysis;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// The software that User-Agent or Server names (RFC 3261 §20.35, §20.41). Many write what they like here, so any word is taken for a
/// product, and the text stays as it was.
/// </summary>
public sealed class ProductList
{
    private ProductList(SipText text, Product[] products)
    {
        Text = text;
        Products = products;
    }

    /// <summary>The value as it stands.</summary>
    public SipText Text { get; }

    /// <summary>The products in order.</summary>
    public IReadOnlyList<Product> Products { get; }

    /// <summary>Reads the value; false only when there is none.</summary>
    public static bool TryParse(SipText value, [NotNullWhen(true)] out ProductList? list)
    {
        list = null;
        var text = value.Trim();
        var products = new List<Product>();

        for (var rest = text; !rest.IsEmpty;)
        {
            var isComment = rest.Span[0] == '(';
            var end = isComment ? SipGrammar.EndOfComment(rest.Span) + 1 : rest.Span.IndexOfAny(" \t\r\n("u8);
            var word = end <= 0 ? rest : rest.Slice(0, end);
            rest = rest.Slice(word.Length, rest.Length - word.Length).Trim();

            if (isComment && products is [.., { Comment.IsEmpty: true }])
            {
                products[^1] = products[^1] with { Comment = word };
            }
            else if (isComment)
            {
                products.Add(new Product(default, default, word));
            }
            else
            {
                var slash = word.Span.IndexOf((byte)'/');
                products.Add(slash < 0 ? new Product(word) : new Product(word.Slice(0, slash), word.Slice(slash + 1, word.Length - slash - 1)));
            }
        }

        list = new ProductList(text, [.. products]);
        return products.Count > 0;
    }

    /// <summary>As it was written.</summary>
    public override string ToString() => Text.ToString();
}
