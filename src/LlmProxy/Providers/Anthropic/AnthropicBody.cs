using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>An Anthropic client's request for Anthropic: the same bytes, but for the model, our own object and the operator's defaults.</summary>
internal static class AnthropicBody
{
    /// <summary>What an operator's Config may give to a client that speaks this dialect: OpenAI's other fields would be refused.</summary>
    private static readonly string[] Defaults =
        ["max_tokens", "temperature", "top_p", "top_k", "thinking", "output_config", "stop_sequences", "metadata", "service_tier", "system", "context_management"];

    public static HttpContent Write(Exchange exchange, RouteTarget target, AnthropicDialect dialect)
    {
        RequestPeek peek = exchange.Peek!;
        ReadOnlyMemory<byte> body = exchange.Body!.Bytes;
        var request = new RequestEdits(exchange.Endpoint, target.Model, body, peek.Members);
        if (!dialect.NamesModel)
        {
            request.Remove("model"u8);
        }
        else if (peek.ModelMember < 0 || !peek.Members[peek.ModelMember].Value(body.Span).SequenceEqual(target.ModelJson.Span))
        {
            request.Set("model"u8, target.ModelJson);
        }

        if (dialect.VersionInBody is { } version)
        {
            request.SetIfAbsent("anthropic_version"u8, JsonSerializer.SerializeToUtf8Bytes(version, RouteTarget.JsonOptions));
        }

        if (peek.WishesMember >= 0)
        {
            request.Remove("llm"u8);
        }

        if (exchange.Endpoint != EndpointKind.CountTokens)
        {
            AddDefaults(request, target);
        }

        var edits = new BodyEdits(body, peek.Members);
        request.ApplyTo(edits);
        return new SplicedContent(edits.Build(), exchange.Http.Request.ContentType, exchange.Body);
    }

    private static void AddDefaults(RequestEdits request, RouteTarget target)
    {
        bool takesSampling = !ClaudeModel.Of(target.Model).IsAdaptiveOnly && !request.Has("thinking"u8);
        foreach (ConfigDefault field in target.Deployment.Defaults)
        {
            string name = field.Name == "max_completion_tokens" ? "max_tokens" : field.Name;
            bool isSampling = name is "temperature" or "top_p" or "top_k";
            if (Defaults.Contains(name) && (takesSampling || !isSampling))
            {
                request.AddDefault(name == field.Name ? field.NameUtf8.Span : "max_tokens"u8, field.Json);
            }
        }
    }
}
