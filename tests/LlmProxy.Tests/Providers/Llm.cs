using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Providers;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Providers;

/// <summary>LLMs as tests configure them.</summary>
internal static class Llm
{
    public static LlmOptions Of(string provider, string model = "m", string baseUrl = "", string? apiKey = null, params (string Name, string Value)[] auth)
    {
        var llm = new LlmOptions { Name = "test", Provider = provider, Model = model, BaseUrl = baseUrl };
        if (apiKey is not null)
        {
            llm.Auth.Values["api_key"] = new Secret(apiKey);
        }

        foreach ((string name, string value) in auth)
        {
            llm.Auth.Values[name] = new Secret(value);
        }

        return llm;
    }

    public static OpenAiDialectProvider Provider(string name) => (OpenAiDialectProvider)ProviderCatalog.All[name];

    public static async Task<HttpRequestMessage> AuthorizedAsync(LlmOptions llm)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "http://vendor.test/v1/chat/completions");
        await Provider(llm.Provider).AuthorizeAsync(request, llm, CancellationToken.None);
        return request;
    }
}

/// <summary>A request after its vendor has adjusted it.</summary>
internal sealed record Adjusted(string Text, IReadOnlyList<string> Dropped)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    public static Adjusted By(LlmOptions llm, EndpointKind endpoint, string json) =>
        By(json, endpoint, llm.Model, edits => Llm.Provider(llm.Provider).Adjust(edits, llm));

    public static Adjusted By(string provider, EndpointKind endpoint, string json, string model = "m") => By(Llm.Of(provider, model), endpoint, json);

    public static Adjusted By(string json, EndpointKind endpoint, string model, Action<RequestEdits> adjust)
    {
        byte[] body = Encoding.UTF8.GetBytes(json);
        var members = new JsonMembers();
        members.Read(body);
        var edits = new RequestEdits(endpoint, model, body, members);
        adjust(edits);
        var splices = new BodyEdits(body, members);
        edits.ApplyTo(splices);
        var text = new StringBuilder();
        foreach (ReadOnlyMemory<byte> segment in splices.Build().Segments)
        {
            text.Append(Encoding.UTF8.GetString(segment.Span));
        }

        return new Adjusted(text.ToString(), edits.Dropped);
    }
}
