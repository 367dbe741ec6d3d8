namespace LlmProxy.Configuration.Shortcuts;

/// <summary>Every vendor that variables can describe, in the order in which they are tried.</summary>
internal static class VendorTable
{
    private static readonly string[] AzureDeployment = ["AZURE_OPENAI_DEPLOYMENT_NAME"];

    public static Vendor OpenAi { get; } = new("openai", MadeBy.Key)
    {
        Keys = ["OPENAI_API_KEY"],
        Addresses = ["OPENAI_BASE_URL", "OPENAI_API_BASE"],
        Models = ["OPENAI_MODEL"],
        DefaultModel = "gpt-3.5-turbo",
        Companions = [new("organization", ["OPENAI_ORGANIZATION"])],
        MaxTokens = "OPENAI_MAX_TOKENS",
        Temperature = "OPENAI_TEMPERATURE",
        NeedsKey = true,
        MayBeRelay = true,
        HasWildcard = true,
        Prefixes = ["openai"],
    };

    public static Vendor LiteLlm { get; } = new("litellm", MadeBy.Address)
    {
        Keys = ["LITELLM_API_KEY"],
        Addresses = ["LITELLM_API_BASE"],
        DefaultModel = "gpt-3.5-turbo",
        MayBeRelay = true,
        HasWildcard = true,
        Prefixes = ["litellm", "litellm_proxy"],
    };

    public static IReadOnlyList<Vendor> All { get; } =
    [
        OpenAi,
        new("anthropic", MadeBy.Key)
        {
            Keys = ["ANTHROPIC_API_KEY"],
            Addresses = ["ANTHROPIC_API_BASE"],
            Models = ["ANTHROPIC_MODEL"],
            DefaultModel = "claude-3-5-sonnet-20241022",
            MaxTokens = "ANTHROPIC_MAX_TOKENS",
            NeedsKey = true,
            HasWildcard = true,
            Prefixes = ["anthropic", "claude"],
        },
        new("ollama", MadeBy.AnyOfThem)
        {
            Addresses = ["OLLAMA_URL", "OLLAMA_BASE_URL", "OLLAMA_API_BASE"],
            Models = ["OLLAMA_MODEL", "OLLAMA_CHAT_MODEL"],
            DefaultModel = "llama3",
            TakesSharedKey = false,
            Prefixes = ["ollama", "ollama_chat"],
        },
        new("custom", MadeBy.Address)
        {
            Keys = ["CUSTOM_LLM_API_KEY"],
            Addresses = ["CUSTOM_LLM_URL", "CUSTOM_API_BASE"],
            Models = ["CUSTOM_LLM_MODEL"],
            DefaultModel = "custom",
            IsModelGuessed = true,
            MaxTokens = "CUSTOM_LLM_MAX_TOKENS",
            Timeout = "CUSTOM_LLM_TIMEOUT",
            Headers = "CUSTOM_LLM_HEADERS",
            NeedsAddress = true,
            MayBeRelay = true,
            Prefixes = ["custom"],
        },
        new("internal", MadeBy.AnyOfThem)
        {
            ProviderName = "custom",
            Keys = ["INTERNAL_LLM_API_KEY"],
            Addresses = ["INTERNAL_LLM_API_BASE"],
            Models = ["INTERNAL_LLM_MODEL"],
            DefaultModel = "llama2-70b-chat",
            DefaultAddress = "http://localhost:8000/v1",
            Enabled = "INTERNAL_LLM_ENABLED",
            MaxTokens = "INTERNAL_LLM_MAX_TOKENS",
            DefaultMaxTokens = "4000",
            Temperature = "INTERNAL_LLM_TEMPERATURE",
            DefaultTemperature = "0.3",
            Timeout = "INTERNAL_LLM_TIMEOUT",
            DefaultTimeout = "60",
            Local = true,
            MayBeRelay = true,
            Prefixes = ["internal"],
        },
        new("azure", MadeBy.KeyOrDeployment)
        {
            Keys = ["AZURE_OPENAI_API_KEY", "AZURE_API_KEY"],
            Addresses = ["AZURE_OPENAI_API_BASE", "AZURE_API_BASE"],
            Models = AzureDeployment,
            DefaultModel = "gpt-4o",
            IsModelGuessed = true,
            Companions = [new("api_version", ["AZURE_OPENAI_API_VERSION", "AZURE_API_VERSION"])],
            ModelCompanions = [new("deployment", AzureDeployment)],
            NeedsAddress = true,
            HasWildcard = true,
            Prefixes = ["azure"],
        },
        new("bedrock", MadeBy.Model)
        {
            Addresses = ["BEDROCK_API_BASE"],
            Models = ["BEDROCK_MODEL"],
            DefaultModel = "anthropic.claude-3-5-sonnet-20241022-v2:0",
            IsModelGuessed = true,
            Companions =
            [
                new("region", ["AWS_REGION"]), new("access_key_id", ["AWS_ACCESS_KEY_ID"]), new("secret_access_key", ["AWS_SECRET_ACCESS_KEY"]),
                new("session_token", ["AWS_SESSION_TOKEN"]), new("bearer_token", ["AWS_BEARER_TOKEN_BEDROCK"]),
            ],
            TakesSharedKey = false,
            HasWildcard = true,
            Prefixes = ["bedrock"],
        },
        new("vertex", MadeBy.Model)
        {
            Addresses = ["VERTEX_API_BASE"],
            Models = ["VERTEX_MODEL"],
            DefaultModel = "gemini-2.5-flash",
            IsModelGuessed = true,
            Companions =
            [
                new("project", ["GOOGLE_CLOUD_PROJECT"]), new("location", ["GOOGLE_CLOUD_LOCATION"]), new("credentials_file", ["GOOGLE_APPLICATION_CREDENTIALS"]),
            ],
            TakesSharedKey = false,
            HasWildcard = true,
            Prefixes = ["vertex", "vertex_ai"],
        },
        new("gemini", MadeBy.Key)
        {
            Keys = ["GEMINI_API_KEY"],
            Addresses = ["GEMINI_API_BASE"],
            Models = ["GEMINI_MODEL"],
            DefaultModel = "gemini-2.5-flash",
            NeedsKey = true,
            HasWildcard = true,
            Prefixes = ["gemini", "google"],
        },
        new("mistral", MadeBy.Key)
        {
            Keys = ["MISTRAL_API_KEY"],
            Addresses = ["MISTRAL_API_BASE"],
            Models = ["MISTRAL_MODEL"],
            DefaultModel = "mistral-small-latest",
            NeedsKey = true,
            HasWildcard = true,
            Prefixes = ["mistral"],
        },
        new("together", MadeBy.Key)
        {
            Keys = ["TOGETHER_API_KEY"],
            Addresses = ["TOGETHER_API_BASE"],
            Models = ["TOGETHER_MODEL"],
            DefaultModel = "meta-llama/Llama-3.3-70B-Instruct-Turbo",
            NeedsKey = true,
            HasWildcard = true,
            Prefixes = ["together", "together_ai"],
        },
        new("fireworks", MadeBy.Key)
        {
            Keys = ["FIREWORKS_API_KEY"],
            Addresses = ["FIREWORKS_API_BASE"],
            Models = ["FIREWORKS_MODEL"],
            DefaultModel = "accounts/fireworks/models/llama-v3p3-70b-instruct",
            NeedsKey = true,
            HasWildcard = true,
            Prefixes = ["fireworks", "fireworks_ai"],
        },
        LiteLlm,
        new("vllm", MadeBy.Address)
        {
            Addresses = ["VLLM_API_BASE"],
            HasWildcard = true,
            Prefixes = ["vllm", "hosted_vllm"],
        },
    ];

    /// <summary>By the vendor's name or by how people write it: Azure-OpenAI, vertex_ai, ...</summary>
    public static Vendor? Find(string written)
    {
        string name = written.Trim().Replace('-', '_').ToUpperInvariant();
        name = name is "AZURE_OPENAI" or "AZURE_AI" ? "AZURE" : name is "AWS" or "AWS_BEDROCK" or "AMAZON_BEDROCK" ? "BEDROCK" : name;
        foreach (Vendor vendor in All)
        {
            if (vendor.Prefixes.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                return vendor;
            }
        }

        return null;
    }
}
