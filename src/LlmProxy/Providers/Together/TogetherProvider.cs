using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Providers.Together;

/// <summary>
/// Together AI. It has neither moderations nor responses.
/// https://docs.together.ai/docs/inference/openai-compatibility
/// </summary>
internal sealed class TogetherProvider : OpenAiDialectProvider
{
    public override ProviderCard Card { get; } = new()
    {
        Name = "together",
        DefaultBaseUrl = "https://api.together.xyz/v1",
        AuthKeys = AuthNames.ApiKey,
        Endpoints =
        [
            EndpointKind.Chat, EndpointKind.Completions, EndpointKind.Embeddings, EndpointKind.Images,
            EndpointKind.Transcriptions, EndpointKind.Speech, EndpointKind.Rerank,
        ],
    };

    public override void Adjust(RequestEdits edits, LlmOptions llm)
    {
        if (edits.Endpoint == EndpointKind.Chat)
        {
            // Only max_tokens is known; a limit under another name would be lost.
            // https://docs.together.ai/reference/chat-completions-1
            edits.Rename("max_completion_tokens"u8, "max_tokens"u8);
            CountLogprobs(edits);
        }

        if (edits.Endpoint == EndpointKind.Chat || edits.Endpoint == EndpointKind.Completions)
        {
            ListStops(edits);
        }

        if (edits.Endpoint == EndpointKind.Embeddings)
        {
            // "input: string or array of strings": https://docs.together.ai/reference/embeddings-2
            EmbeddingInputs.SayAsText(edits);
        }

        if (edits.Endpoint == EndpointKind.Images)
        {
            DescribeImage(edits);
        }
    }

    /// <summary>logprobs is a number here, "the top k tokens to return"; OpenAI's chat has a switch and top_logprobs.</summary>
    private static void CountLogprobs(RequestEdits edits)
    {
        JsonTokenType kind = edits.KindOf("logprobs"u8);
        if (kind == JsonTokenType.True)
        {
            long count = edits.TryReadNumber("top_logprobs"u8, out long top) ? Math.Max(top, 1) : 1;
            edits.Set("logprobs"u8, Encoding.UTF8.GetBytes(count.ToString(CultureInfo.InvariantCulture)));
        }
        else if (kind == JsonTokenType.False)
        {
            edits.Remove("logprobs"u8);
        }

        edits.Remove("top_logprobs"u8);
    }

    /// <summary>stop is documented as an array alone.</summary>
    private static void ListStops(RequestEdits edits)
    {
        if (edits.KindOf("stop"u8) == JsonTokenType.String)
        {
            edits.Set("stop"u8, (byte[])[(byte)'[', .. edits.Raw("stop"u8), (byte)']']);
        }
    }

    /// <summary>Pixels in two fields, and "base64" for "b64_json". https://docs.together.ai/reference/post-images-generations</summary>
    private static void DescribeImage(RequestEdits edits)
    {
        if (edits.TryReadString("response_format"u8, out string? format) && format == "b64_json")
        {
            edits.Set("response_format"u8, "\"base64\""u8.ToArray());
        }

        if (!edits.TryReadString("size"u8, out string? size))
        {
            return;
        }

        string[] sides = size.Split('x');
        if (sides.Length == 2 && int.TryParse(sides[0], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            && int.TryParse(sides[1], NumberStyles.None, CultureInfo.InvariantCulture, out int height))
        {
            edits.SetIfAbsent("width"u8, Encoding.UTF8.GetBytes(width.ToString(CultureInfo.InvariantCulture)));
            edits.SetIfAbsent("height"u8, Encoding.UTF8.GetBytes(height.ToString(CultureInfo.InvariantCulture)));
            edits.Remove("size"u8);
        }
        else if (size == "auto")
        {
            edits.Remove("size"u8);
        }
    }
}
