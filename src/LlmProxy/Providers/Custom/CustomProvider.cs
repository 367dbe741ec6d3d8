using LlmProxy.Configuration.Options;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;

namespace LlmProxy.Providers.Custom;

/// <summary>Any server of OpenAI's dialect: text-generation-webui, LM Studio, llama.cpp, Ollama's /v1, another gateway.</summary>
internal sealed class CustomProvider : OpenAiDialectProvider
{
    private OpenAiChatVendor? _chat;

    public override ProviderCard Card { get; } = new()
    {
        Name = "custom",
        AuthKeys = AuthNames.ApiKey,
        KeyIsOptional = true,
        Endpoints = [.. EndpointKind.OfOpenAi],
        SettingKeys = CustomBeginning.Keys,
    };

    public override IEnumerable<string> Check(LlmOptions llm) =>
        CustomBeginning.Problem(llm.Config) is { } problem ? base.Check(llm).Append(problem) : base.Check(llm);

    public override IChatVendor? GoesOn(RouteTarget target) =>
        CustomBeginning.Of(target.Deployment.Options.Config) == BeginningHabit.None ? null : _chat ??= new OpenAiChatVendor(this);
}
