using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Mistral;

/// <summary>
/// Mistral's own platform. Its schemas say additionalProperties: false, so that one field too many is a 422
/// ("extra_forbidden"). https://docs.mistral.ai/api/. Its text completions are chat answers (/fim/completions) and its
/// speech is JSON, so neither is OpenAI's endpoint of that name.
/// </summary>
internal sealed class MistralProvider : OpenAiDialectProvider
{
    /// <summary>
    /// Fields of OpenAI's chat that the schema of POST /v1/chat/completions does not have and whose absence leaves the
    /// answer what it is. Others that it lacks (functions, audio, modalities, web_search_options) decide what the answer
    /// is: those stay, and the vendor refuses them itself.
    /// </summary>
    private static readonly byte[][] RefusedInChat =
    [
        "user"u8.ToArray(), "store"u8.ToArray(), "service_tier"u8.ToArray(), "safety_identifier"u8.ToArray(), "prompt_cache_retention"u8.ToArray(),
        "prompt_cache_options"u8.ToArray(), "logit_bias"u8.ToArray(), "logprobs"u8.ToArray(), "top_logprobs"u8.ToArray(), "verbosity"u8.ToArray(),
    ];

    private OpenAiChatVendor? _chat;

    public override ProviderCard Card { get; } = new()
    {
        Name = "mistral",
        DefaultBaseUrl = "https://api.mistral.ai/v1",
        AuthKeys = AuthNames.ApiKey,
        Endpoints = [EndpointKind.Chat, EndpointKind.Embeddings, EndpointKind.Moderations, EndpointKind.Transcriptions],

        // Not in the schema, and its last chunk carries usage unasked.
        ReportsStreamUsage = false,
    };

    /// <summary>
    /// "prefix" on the last message; the answer repeats it. Magistral thinks before it speaks, and has spoken already.
    /// https://docs.mistral.ai/guides/prefix/
    /// </summary>
    public override IChatVendor? GoesOn(RouteTarget target) =>
        target.Model.StartsWith("magistral", StringComparison.OrdinalIgnoreCase) ? null : _chat ??= new OpenAiChatVendor(this);

    public override void Adjust(RequestEdits edits, LlmOptions llm)
    {
        if (edits.Endpoint == EndpointKind.Chat)
        {
            AdjustChat(edits);
        }
        else if (edits.Endpoint == EndpointKind.Embeddings)
        {
            // POST /v1/embeddings: output_dimension, and no user.
            edits.Rename("dimensions"u8, "output_dimension"u8);
            edits.Drop("user"u8);
            EmbeddingInputs.SayAsText(edits);
        }
        else if (edits.Endpoint == EndpointKind.Moderations)
        {
            edits.Drop("user"u8);
        }
    }

    private static void AdjustChat(RequestEdits edits)
    {
        // max_tokens and random_seed are its only names; tool_choice "required" is taken as it is.
        edits.Rename("max_completion_tokens"u8, "max_tokens"u8);
        edits.Rename("seed"u8, "random_seed"u8);
        edits.Remove("stream_options"u8);
        foreach (byte[] name in RefusedInChat)
        {
            edits.Drop(name);
        }

        if (MistralMessages.Clean(edits.Raw("messages"u8), edits) is { } messages)
        {
            edits.Set("messages"u8, messages);
        }
    }
}
