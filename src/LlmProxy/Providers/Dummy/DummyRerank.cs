using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>POST rerank, in the form that Jina, Cohere and vLLM share: documents by the share of the query's words they hold.</summary>
internal static class DummyRerank
{
    public static HttpResponseMessage Answer(DummyCall call)
    {
        string query = call.Root.Text("query") ?? throw new DummyRefusal(400, "Missing required parameter: 'query'.", "query", "missing_required_parameter");
        List<string> documents = [.. call.Root.Items("documents").Select(TextOf)];
        if (documents.Count == 0)
        {
            throw new DummyRefusal(400, "Missing required parameter: 'documents'.", "documents", "missing_required_parameter");
        }

        int top = call.Root.Whole("top_n", 1, int.MaxValue) ?? documents.Count;
        bool showsText = call.Root.IsTrue("return_documents");
        HashSet<ulong> asked = DummyWords.Of(query);
        int tokens = DummyText.Tokens(query) + documents.Sum(DummyText.Tokens);
        var ranked = documents
            .Select((text, index) => (Text: text, Index: index, Score: Score(asked, text)))
            .OrderByDescending(document => document.Score)
            .Take(top)
            .ToList();
        return DummyAnswers.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("id", DummyCall.NewId("rerank-"));
            json.WriteString("model", call.Model);
            json.WriteStartArray("results");
            foreach ((string text, int index, double score) in ranked)
            {
                json.WriteStartObject();
                json.WriteNumber("index", index);
                json.WriteNumber("relevance_score", score);
                if (showsText)
                {
                    json.WriteStartObject("document");
                    json.WriteString("text", text);
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("usage");
            json.WriteNumber("prompt_tokens", tokens);
            json.WriteNumber("total_tokens", tokens);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private static double Score(HashSet<ulong> asked, string text)
    {
        HashSet<ulong> words = DummyWords.Of(text);
        int shared = asked.Count(words.Contains);
        return shared == 0 ? 0 : Math.Round(2.0 * shared / (asked.Count + words.Count), 6);
    }

    private static string TextOf(JsonElement document) => document.ValueKind switch
    {
        JsonValueKind.String => document.GetString()!,
        JsonValueKind.Object => document.Text("text") ?? document.GetRawText(),
        _ => throw new DummyRefusal(400, "Invalid type for 'documents': expected strings or objects.", "documents", "invalid_type"),
    };
}
