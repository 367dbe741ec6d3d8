using System.Globalization;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>POST images/generations: pictures of one colour, which the prompt decides.</summary>
internal static class DummyImages
{
    private const int LargestSide = 4096;

    public static HttpResponseMessage Answer(DummyCall call)
    {
        JsonElement root = call.Root;
        string prompt = root.Text("prompt") ?? throw new DummyRefusal(400, "Missing required parameter: 'prompt'.", "prompt", "missing_required_parameter");
        int count = root.Whole("n", 1, 10) ?? 1;
        string format = root.Text("response_format") ?? "b64_json";
        if (format is not ("b64_json" or "url"))
        {
            throw new DummyRefusal(400, $"Invalid value: '{format}'. Supported values are: 'url' and 'b64_json'.", "response_format", "invalid_value");
        }

        (int width, int height) = Size(root.Text("size"));
        return DummyAnswers.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("created", call.Created);
            json.WriteStartArray("data");
            ulong colour = DummyWords.Hash(prompt);
            for (int i = 0; i < count; i++)
            {
                colour = DummyWords.Next(colour);
                byte[] picture = DummyPicture.Paint(width, height, (byte)colour, (byte)(colour >> 8), (byte)(colour >> 16));
                json.WriteStartObject();
                if (format == "url")
                {
                    json.WriteString("url", "data:image/png;base64," + Convert.ToBase64String(picture));
                }
                else
                {
                    json.WriteBase64String("b64_json", picture);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static (int Width, int Height) Size(string? written)
    {
        if (written is null or "auto")
        {
            return (256, 256);
        }

        string[] sides = written.Split('x');
        return sides.Length == 2 && Side(sides[0]) is { } width && Side(sides[1]) is { } height
            ? (width, height)
            : throw new DummyRefusal(400, $"Invalid value: '{written}'. 'size' is written like 1024x1024, with sides up to {LargestSide}.", "size", "invalid_value");
    }

    private static int? Side(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int side) && side is >= 1 and <= LargestSide ? side : null;
}
