using LlmProxy.Conversation;
using LlmProxy.Providers.Custom;
using LlmProxy.Providers.OpenAi;
using LlmProxy.Routing;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>How a server wants documents that are more than plain text.</summary>
internal enum DocumentHabit
{
    /// <summary>OpenAI's "file" part with the bytes in it.</summary>
    AsFile,

    /// <summary>Mistral's "document_url" part.</summary>
    AsAddress,

    None,
}

/// <summary>Under which name an assistant's message may bring back what the model thought; each other name is refused somewhere.</summary>
internal enum ReasoningHabit
{
    None,
    ReasoningContent,
    Reasoning,
    Both,

    /// <summary>Mistral's chunk of type "thinking" within the content.</summary>
    ThinkingChunk,
}

/// <summary>How a server is told that the assistant's last message is the beginning of its answer.</summary>
internal enum BeginningHabit
{
    /// <summary>It knows no such thing: it would begin anew.</summary>
    None,

    /// <summary>vLLM's continue_final_message, which SGLang has too.</summary>
    Continued,

    /// <summary>Mistral's "prefix" on the message.</summary>
    Prefix,

    /// <summary>Nothing need be said (llama.cpp).</summary>
    LastMessage,
}

/// <summary>What a server of OpenAI's dialect takes beyond, or short of, what they all take.</summary>
internal sealed record OpenAiChatVendorHabits
{
    /// <summary>OpenAI itself, or its models at Azure: unknown fields are refused, in messages too.</summary>
    public bool IsOpenAi { get; private init; }

    public bool IsMistral { get; private init; }

    public bool IsVllm { get; private init; }

    /// <summary>Whether top_k, min_p and their kind may be sent.</summary>
    public bool TakesMoreSampling { get; private init; } = true;

    /// <summary>Whether cache_control marks may be sent. Those that do not take them cache prompts by themselves: nothing is lost.</summary>
    public bool TakesCacheMarks { get; private init; }

    /// <summary>Whether thinking blocks with signatures may be sent (LiteLLM in front of Anthropic).</summary>
    public bool TakesThinkingBlocks { get; private init; }

    public bool TakesGoogleSignatures { get; private init; }

    /// <summary>Whether reasoning_effort may say "none".</summary>
    public bool TakesEffortNone { get; private init; }

    /// <summary>Whether system, assistant and tool messages may hold arrays of texts; else their texts become one.</summary>
    public bool TakesTextArrays { get; private init; }

    public DocumentHabit Documents { get; private init; } = DocumentHabit.AsFile;

    public ReasoningHabit Reasoning { get; private init; } = ReasoningHabit.ReasoningContent;

    public BeginningHabit Beginning { get; private init; }

    private static readonly OpenAiChatVendorHabits OpenAi = new()
    {
        IsOpenAi = true,
        TakesMoreSampling = false,
        TakesTextArrays = true,
        Reasoning = ReasoningHabit.None,
    };

    private static readonly OpenAiChatVendorHabits Mistral = new()
    {
        IsMistral = true,
        TakesMoreSampling = false,
        Documents = DocumentHabit.AsAddress,
        Reasoning = ReasoningHabit.ThinkingChunk,
        Beginning = BeginningHabit.Prefix,
    };

    // Its own templates read either name, older ones only reasoning_content.
    // https://docs.vllm.ai/en/latest/features/reasoning_outputs.html
    private static readonly OpenAiChatVendorHabits Vllm = new()
    {
        IsVllm = true,
        TakesTextArrays = true,
        Documents = DocumentHabit.None,
        Reasoning = ReasoningHabit.Both,
        Beginning = BeginningHabit.Continued,
    };

    private static readonly OpenAiChatVendorHabits LiteLlm = new()
    {
        TakesTextArrays = true,
        TakesCacheMarks = true,
        TakesThinkingBlocks = true,
        TakesGoogleSignatures = true,
        TakesEffortNone = true,
    };

    private static readonly OpenAiChatVendorHabits Fireworks = new() { Documents = DocumentHabit.None, TakesEffortNone = true };

    private static readonly OpenAiChatVendorHabits Together = new() { Documents = DocumentHabit.None };

    private static readonly OpenAiChatVendorHabits Custom = new();

    // "property 'reasoning_content' is unsupported", "property 'top_k' is unsupported": both check every property.
    // https://console.groq.com/docs/reasoning, https://inference-docs.cerebras.ai/capabilities/reasoning
    private static readonly OpenAiChatVendorHabits Picky = new() { TakesMoreSampling = false, Documents = DocumentHabit.None, Reasoning = ReasoningHabit.Reasoning };

    // https://openrouter.ai/docs/features/prompt-caching, https://openrouter.ai/docs/use-cases/reasoning-tokens
    private static readonly OpenAiChatVendorHabits OpenRouter = new() { TakesTextArrays = true, TakesCacheMarks = true, Reasoning = ReasoningHabit.Reasoning };

    // https://ai.google.dev/gemini-api/docs/openai: signatures of calls come and go in extra_content.
    private static readonly OpenAiChatVendorHabits Google = new() { TakesMoreSampling = false, TakesGoogleSignatures = true, TakesEffortNone = true, Reasoning = ReasoningHabit.None };

    public static OpenAiChatVendorHabits Of(ChatTurn turn) => turn.Llm.ProviderName switch
    {
        "openai" or "azure" => OpenAi,
        "mistral" => Mistral,
        "vllm" => Vllm,
        "litellm" => LiteLlm,
        "fireworks" => Fireworks,
        "together" => Together,
        "custom" when turn.GoesOn => ByHost(turn.Llm) with { Beginning = CustomBeginning.Of(turn.Llm.Options.Config) },
        _ => ByHost(turn.Llm),
    };

    /// <summary>
    /// The reasoning models refuse sampling settings and stop words with 400 "Unsupported parameter"; from 5.1 on only
    /// while they reason. https://platform.openai.com/docs/guides/latest-model#gpt-5-2-parameter-compatibility
    /// </summary>
    public bool RefusesSampling(string model, string? effort)
    {
        if (!IsOpenAi || !ReasoningModels.DemandCompletionLimit(model))
        {
            return false;
        }

        string name = model[(model.LastIndexOf('/') + 1)..];
        bool reasonsOnlyWhenTold = name.StartsWith("gpt-5.", StringComparison.OrdinalIgnoreCase) || name.StartsWith("gpt-6", StringComparison.OrdinalIgnoreCase);
        return !reasonsOnlyWhenTold || (effort is not null && effort != "none");
    }

    private static OpenAiChatVendorHabits ByHost(Deployment llm)
    {
        string address = llm.Options.Destinations.Count > 0 ? llm.Options.Destinations[0] : llm.Options.BaseUrl;
        bool Is(string host) => address.Contains(host, StringComparison.OrdinalIgnoreCase);
        return Is("groq.com") || Is("cerebras.ai") ? Picky
            : Is("openrouter.ai") ? OpenRouter
            : Is("googleapis.com") ? Google
            : Custom;
    }
}
