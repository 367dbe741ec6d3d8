using System.Globalization;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;

namespace LlmProxy.Tests.Boundary;

/// <summary>Random calls to one random house, weighted towards those that must stay in it.</summary>
internal sealed class RandomCalls(Random random, GatewayOptions house)
{
    private static readonly EndpointKind?[] Endpoints =
    [
        EndpointKind.Chat, EndpointKind.Chat, EndpointKind.Chat, EndpointKind.Chat, EndpointKind.Chat, EndpointKind.Chat, EndpointKind.Chat, EndpointKind.Messages, EndpointKind.Messages, EndpointKind.Responses, EndpointKind.Completions,
        EndpointKind.CountTokens, EndpointKind.ResponsesInputTokens, EndpointKind.Embeddings, EndpointKind.Rerank, EndpointKind.OllamaChat, EndpointKind.OllamaGenerate,
        EndpointKind.OllamaEmbed, EndpointKind.Moderations, EndpointKind.Speech, EndpointKind.Images, null, null,
    ];

    private static readonly string[] Images = ["http://images.internal/a.png", "http://images.example/b.png"];

    public BoundaryCase Draw(int number)
    {
        EndpointKind? endpoint = Pick(Endpoints);
        string? model = endpoint is null ? Pick(house.Llms).Name : Model();
        KeyOptions? key = Chance(3) ? null : Pick(house.Keys);
        string mark = string.Create(CultureInfo.InvariantCulture, $"mark-{number}-end");
        return new BoundaryCase
        {
            Number = number,
            Endpoint = endpoint,
            Model = model,
            Body = Body(endpoint, model, mark),
            Wishes = [.. Wishes()],
            Key = key?.Key!.Reveal(),
            IsKeyHeldHome = key is { AllowExternal: false },
            VendorSeed = random.Next(),
            LeavesAfterMs = Chance(15) ? random.Next(600) : -1,
        };
    }

    private string? Model()
    {
        if (Chance(8))
        {
            return null;
        }

        string[] llms = [.. house.Llms.Where(l => l.Model != "*").Select(l => l.Name)];
        string[] names =
        [
            .. llms, .. llms, .. house.Chains.Keys, .. house.Chains.Keys.Select(c => "chain:" + c),
            .. house.Aliases.Keys.Select(a => a.Replace("*", "x", StringComparison.Ordinal)), .. house.Llms.Where(l => l.Model != "*").Select(l => l.Model),
            .. house.Llms.Select(l => $"{l.Provider}/{(l.Model == "*" ? Pick(RandomHouse.Models) : l.Model)}"), Pick(RandomHouse.Models),
            Pick(["auto", "auto", "default"]), Pick(["auto:priority", "auto:balanced", "auto:local_first", "auto:cost_optimized", "local_only", "high_quality", "fast_latency"]),
        ];
        return Pick(names);
    }

    private IEnumerable<(string, string)> Wishes()
    {
        if (Chance(3))
        {
            yield return ("local_only", Pick(["on", "true", "1", "yes", "off"]));
        }

        if (Chance(4))
        {
            yield return ("fallback", Pick(["on", "off"]));
        }

        if (Chance(10))
        {
            yield return ("provider", Pick(house.Llms).Provider);
        }

        if (Chance(8))
        {
            string[] members = [.. house.Llms.Select(l => l.Name), .. house.Chains.Keys];
            yield return ("chain", string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pick(members)).Distinct()));
        }

        if (Chance(10))
        {
            yield return ("strategy", Pick(["priority", "balanced", "cost_optimized", "latency_optimized", "quality_optimized", "local_first", "capability_match"]));
        }

        if (Chance(12))
        {
            yield return ("capability", Pick(["tools", "vision", "code"]));
        }

        if (Chance(12))
        {
            yield return ("task", "code_generation");
        }

        if (Chance(8))
        {
            yield return ("prefer_local", Pick(["on", "off"]));
        }

        if (Chance(8))
        {
            yield return ("retries", Pick(["0", "3"]));
        }

        if (Chance(6))
        {
            yield return ("truncate", "on");
        }

        if (Chance(4))
        {
            yield return ("continue", "on");
        }

        if (Chance(8))
        {
            yield return ("metadata", "on");
        }

        if (Chance(10))
        {
            yield return ("explain", "on");
        }

        if (Chance(10))
        {
            yield return ("max_latency_ms", "5000");
        }

        if (Chance(10))
        {
            yield return ("budget_remaining", "0.5");
        }

        if (Chance(12))
        {
            yield return ("timeout_ms", "1500");
        }

        if (Chance(8))
        {
            yield return ("cache", Pick(["off", "refresh"]));
        }
    }

    private string Body(EndpointKind? endpoint, string? model, string mark)
    {
        string named = model is null ? "" : $"\"model\":\"{(endpoint is null ? Pick(RandomHouse.Models) : model)}\",";
        string stream = Chance(2) ? "\"stream\":true," : "\"stream\":false,";
        string image = Chance(4) ? Pick(Images) : "";
        string family = endpoint?.Name ?? "chat";
        return "{" + named + family switch
        {
            "chat" or "messages" or "count_tokens" => (family == "count_tokens" ? "" : stream)
                + (Chance(5) ? Tools(family) : "") + $"\"max_tokens\":20,\"messages\":[{Turns(mark)}{{\"role\":\"user\",\"content\":{Content(family, mark, image)}}}]",
            "completions" => stream + $"\"prompt\":\"{mark}\"",
            "responses" => stream + $"\"input\":\"{mark}\"",
            "responses_input_tokens" => $"\"input\":\"{mark}\"",
            "ollama_chat" => stream + $"\"messages\":[{{\"role\":\"user\",\"content\":\"{mark}\"}}]",
            "ollama_generate" or "images" or "ollama_embeddings" => $"\"prompt\":\"{mark}\"",
            "rerank" => $"\"query\":\"{mark}\",\"documents\":[\"a\"]",
            "speech" => $"\"input\":\"{mark}\",\"voice\":\"alloy\"",
            _ => $"\"input\":\"{mark}\"",
        } + "}";
    }

    private string Turns(string mark) =>
        string.Concat(Enumerable.Range(0, Chance(4) ? random.Next(30) : 0).Select(i => $"{{\"role\":\"{(i % 2 == 0 ? "user" : "assistant")}\",\"content\":\"turn {i} {mark}\"}},"));

    private static string Content(string family, string mark, string image) => image.Length == 0
        ? $"\"{mark}\""
        : family == "chat"
            ? $"[{{\"type\":\"text\",\"text\":\"{mark}\"}},{{\"type\":\"image_url\",\"image_url\":{{\"url\":\"{image}\"}}}}]"
            : $"[{{\"type\":\"text\",\"text\":\"{mark}\"}},{{\"type\":\"image\",\"source\":{{\"type\":\"url\",\"url\":\"{image}\"}}}}]";

    private static string Tools(string family) => family == "chat"
        ? "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}}],"
        : "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],";

    private bool Chance(int oneIn) => random.Next(oneIn) == 0;

    private T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];
}
