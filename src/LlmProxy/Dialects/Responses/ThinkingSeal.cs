using LlmProxy.Conversation;

namespace LlmProxy.Dialects.Responses;

internal enum SealKind
{
    /// <summary>Another's: nobody here can read it.</summary>
    Foreign,

    /// <summary>The signature under the item's own text.</summary>
    Signature,

    /// <summary>Thinking that only its vendor can read.</summary>
    Sealed,

    /// <summary>Google's mark on the call that follows.</summary>
    GoogleCall,
}

/// <summary>
/// What a vendor wants back with a conversation, in a reasoning item's encrypted_content: clients keep and return that
/// unread. "lp1" is this form's version; the letter says what follows, as the vendor wrote it.
/// </summary>
internal static class ThinkingSeal
{
    private const int PrefixLength = 6;

    /// <summary>As a JSON string.</summary>
    public static byte[] Write(SealKind kind, ReadOnlySpan<byte> escaped) => [(byte)'"', .. Prefix(kind), .. escaped, (byte)'"'];

    /// <summary>The kind, and the vendor's own text as it was.</summary>
    public static (SealKind Kind, JsonText Text) Read(JsonText content)
    {
        foreach (SealKind kind in (ReadOnlySpan<SealKind>)[SealKind.Signature, SealKind.Sealed, SealKind.GoogleCall])
        {
            if (content.Escaped.StartsWith(Prefix(kind)))
            {
                return (kind, new JsonText((byte[])[(byte)'"', .. content.Escaped[PrefixLength..], (byte)'"']));
            }
        }

        return (SealKind.Foreign, default);
    }

    private static ReadOnlySpan<byte> Prefix(SealKind kind) => kind switch
    {
        SealKind.Signature => "lp1:t:"u8,
        SealKind.Sealed => "lp1:r:"u8,
        _ => "lp1:g:"u8,
    };
}
