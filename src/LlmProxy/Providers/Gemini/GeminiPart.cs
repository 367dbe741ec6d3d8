using System.Text.Json;

namespace LlmProxy.Providers.Gemini;

/// <summary>One part of a candidate's content: slices of the event it came in. Its members come in any order.</summary>
internal ref struct GeminiPart
{
    /// <summary>Escaped.</summary>
    public ReadOnlySpan<byte> Text;

    /// <summary>Escaped.</summary>
    public ReadOnlySpan<byte> Signature;

    public bool IsThought;

    public ReadOnlySpan<byte> FunctionCall;

    /// <summary>inlineData or fileData.</summary>
    public ReadOnlySpan<byte> Media;

    public ReadOnlySpan<byte> Code;

    public ReadOnlySpan<byte> CodeResult;

    public static GeminiPart Read(ReadOnlySpan<byte> json)
    {
        var part = new GeminiPart();
        var members = new SpanWalk(json);
        while (members.Next())
        {
            if (members.Is("text"u8))
            {
                members.Demand(JsonTokenType.String);
                part.Text = members.Escaped;
            }
            else if (members.Is("thought"u8))
            {
                part.IsThought = members.Kind == JsonTokenType.True;
            }
            else if (members.Is("thoughtSignature"u8))
            {
                part.Signature = members.Escaped;
            }
            else if (!members.IsObject)
            {
                continue; // Members that are not known.
            }
            else if (members.Is("functionCall"u8))
            {
                part.FunctionCall = members.Value;
            }
            else if (members.Is("inlineData"u8) || members.Is("fileData"u8))
            {
                part.Media = members.Value;
            }
            else if (members.Is("executableCode"u8))
            {
                part.Code = members.Value;
            }
            else if (members.Is("codeExecutionResult"u8))
            {
                part.CodeResult = members.Value;
            }
        }

        return part;
    }
}
