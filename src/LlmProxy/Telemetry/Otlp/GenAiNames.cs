namespace LlmProxy.Telemetry.Otlp;

/// <summary>
/// OpenTelemetry's names for generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/). The older gen_ai.system
/// goes out beside gen_ai.provider.name because most dashboards still read it.
/// </summary>
internal static class GenAiNames
{
    public const string Operation = "gen_ai.operation.name";
    public const string Provider = "gen_ai.provider.name";
    public const string System = "gen_ai.system";
    public const string RequestModel = "gen_ai.request.model";
    public const string ResponseModel = "gen_ai.response.model";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";
    public const string CachedTokens = "gen_ai.usage.cache_read.input_tokens";
    public const string TokenType = "gen_ai.token.type";
    public const string ErrorType = "error.type";

    /// <summary>The well-known values where the conventions have one, else our own name.</summary>
    public static string ProviderOf(string backend) => backend switch
    {
        "azure" => "azure.ai.openai",
        "bedrock" => "aws.bedrock",
        "vertex" => "gcp.vertex_ai",
        "gemini" => "gcp.gemini",
        "mistral" => "mistral_ai",
        _ => backend,
    };

    public static string OperationOf(string endpoint) => endpoint switch
    {
        "completions" => "text_completion",
        "responses" => "generate_content",
        _ => endpoint,
    };
}
