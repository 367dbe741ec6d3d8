using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>POST moderations: nothing is ever flagged, because nothing was judged.</summary>
internal static class DummyModerations
{
    private static readonly string[] Categories =
    [
        "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
        "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
    ];

    public static HttpResponseMessage Answer(DummyCall call)
    {
        int count = call.Root.Field("input") switch
        {
            { ValueKind: JsonValueKind.String } => 1,
            { ValueKind: JsonValueKind.Array } array when array.GetArrayLength() > 0 => array[0].ValueKind == JsonValueKind.Object ? 1 : array.GetArrayLength(),
            _ => throw new DummyRefusal(400, "Missing or invalid parameter: 'input'.", "input", "missing_required_parameter"),
        };
        return DummyAnswers.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("id", DummyCall.NewId("modr-"));
            json.WriteString("model", call.Model);
            json.WriteStartArray("results");
            for (int i = 0; i < count; i++)
            {
                WriteResult(json);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void WriteResult(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteBoolean("flagged", false);
        json.WriteStartObject("categories");
        foreach (string category in Categories)
        {
            json.WriteBoolean(category, false);
        }

        json.WriteEndObject();
        json.WriteStartObject("category_scores");
        foreach (string category in Categories)
        {
            json.WriteNumber(category, 0);
        }

        json.WriteEndObject();
        json.WriteStartObject("category_applied_input_types");
        foreach (string category in Categories)
        {
            json.WriteStartArray(category);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
