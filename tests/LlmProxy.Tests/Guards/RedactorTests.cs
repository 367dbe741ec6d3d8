using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Guards;

public sealed class RedactorTests
{
    [Fact]
    public void Mask_SameValue_HasOnePlaceholderAndOtherBytesStay()
    {
        var masking = new Masking("emails");

        string masked = masking.Mask("""{"model":"a@b.example", "messages":[{"role":"system","content":"I am jane@x.example"},{"role":"user","content":[{"type":"text","text":"jane@x.example\nand bob@x.example \u00e9 é"}]}],"user":"jane@x.example","n":1}""");

        Assert.Equal(
            """{"model":"a@b.example", "messages":[{"role":"system","content":"I am [EMAIL_1]"},{"role":"user","content":[{"type":"text","text":"[EMAIL_1]\nand [EMAIL_2] \u00e9 é"}]}],"user":"[EMAIL_1]","n":1}""",
            masked);
    }

    [Fact]
    public void Mask_SpeltWithEscapes_IsFoundAllTheSame()
    {
        var masking = new Masking("emails");

        Assert.Equal("""{"input":"é [EMAIL_1]!"}""", masking.Mask("""{"input":"é j\u0061ne\u0040x.example!"}"""));
    }

    [Fact]
    public void Mask_ArgumentsOfCalls_StayJsonWithPlaceholders()
    {
        var masking = new Masking("emails", "cards", "private_keys");

        string masked = masking.Mask("""{"messages":[{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{\"to\":\"jane\\u0040x.example\",\"card\":4111111111111111,\"jane@x.example\":true,\"k\":\"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\"}"}}]}]}""");

        string arguments = JsonNode.Parse(masked)!["messages"]![0]!["tool_calls"]![0]!["function"]!["arguments"]!.ToString();
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"to":"[EMAIL_1]","card":"[CARD_1]","[EMAIL_1]":true,"k":"[PRIVATE_KEY_1]"}"""), JsonNode.Parse(arguments)), arguments);
    }

    [Fact]
    public void Mask_WhatIsNoText_IsLeftAlone()
    {
        var masking = new Masking("emails", "cards", "api_keys");
        string picture = Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("jane@x.example 4111111111111111 ", 40))));
        string body = $$$"""{"model":"m","llm":{"user":"jane@x.example"},"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{picture}}}"}},{"data":"{{{picture}}}"}]}],"seed":4111111111111111}""";

        Assert.Equal(body, masking.Mask(body));
    }

    [Fact]
    public void Mask_OverlappingFinds_LeaveNothingOfEither()
    {
        var masking = new Masking("emails", "private_keys");

        Assert.Equal("""{"input":"[PRIVATE_KEY_1] x"}""", masking.Mask("""{"input":"-----BEGIN PRIVATE KEY-----\na@b.example\n-----END PRIVATE KEY----- x"}"""));
    }

    [Fact]
    public void Block_Find_NamesTheDetectorAndMasksNothing()
    {
        var masking = new Masking("cards:block", "emails:log");

        Assert.Equal("""{"input":"a@b.example 4111111111111111"}""", masking.Mask("""{"input":"a@b.example 4111111111111111"}"""));
        Assert.Equal("cards", masking.Redactor.Blocked!.Name);
        Assert.Equal([1, 1], masking.Redactor.Counts);
    }

    [Fact]
    public void Restore_CallersOwnPlaceholderLikeText_ComesBackAsItWas()
    {
        var masking = new Masking("emails");
        const string body = """{"input":"[EMAIL_1] is not jane@x.example, [EMAIL_2] neither"}""";

        string masked = masking.Mask(body);

        Assert.DoesNotContain("jane", masked, StringComparison.Ordinal);
        Assert.Equal(body, masking.Restore(masked));
    }

    [Fact]
    public void Restore_ValueWithQuotes_IsSpeltAsItsPlaceDemands()
    {
        var masking = new Masking("odd", "private_keys");
        masking.Mask("""{"input":"x\"\"y -----BEGIN PRIVATE KEY-----\nM\n-----END PRIVATE KEY-----"}""");

        string restored = masking.Restore("""{"content":"[ODD_1]","json":"{\"a\":\"[ODD_1]\"}","arguments":"{\"k\":\"[PRIVATE_KEY_1]\"}","input":{"[ODD_1]":"[PRIVATE_KEY_1] \u005bODD_1\u005d"}}""");

        JsonNode json = JsonNode.Parse(restored)!;
        const string key = "-----BEGIN PRIVATE KEY-----\nM\n-----END PRIVATE KEY-----";
        Assert.Equal("x\"\"y", json["content"]!.ToString());
        Assert.Equal("x\"\"y", JsonNode.Parse(json["json"]!.ToString())!["a"]!.ToString());
        Assert.Equal(key, JsonNode.Parse(json["arguments"]!.ToString())!["k"]!.ToString());
        Assert.Equal(key + " x\"\"y", json["input"]!["x\"\"y"]!.ToString());
    }

    [Fact]
    public void MaskThenRestore_RandomTexts_GivesTheOriginal()
    {
        string[] parts = ["jane@x.example", "bob@y.example", "4111 1111 1111 1111", "[EMAIL_1]", "[CARD_", "[", "]", "\\", "\"", "\n", "é", "😀", "\ud83d", "DE89370400440532013000", "x\"\"y", "\\z", " ", "text", "{", "}", "[LITERAL_1]", "\u0001"];
        var random = new Random(11);
        for (int round = 0; round < 2000; round++)
        {
            var masking = new Masking("emails", "cards", "iban", "odd");
            string text = string.Join(' ', Enumerable.Range(0, random.Next(1, 12)).Select(_ => parts[random.Next(parts.Length)]));
            string body = $$"""{"messages":[{"content":{{Spelt(text, random)}}},{"arguments":{{Spelt($"{{\"a\":{Spelt(text, random)}}}", random)}}}]}""";

            string masked = masking.Mask(body);
            string restored = masked == body ? body : masking.Restore(masked); // Nothing but literals: nothing is masked.

            Assert.Equal(Meaning(body), Meaning(restored));
            Assert.DoesNotContain("jane@x", masked, StringComparison.Ordinal);
        }
    }

    /// <summary>A JSON string, each character escaped or not by chance.</summary>
    private static string Spelt(string text, Random random)
    {
        var json = new StringBuilder("\"");
        for (int i = 0; i < text.Length; i++)
        {
            bool isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            bool must = text[i] is '"' or '\\' or < ' ' || (char.IsSurrogate(text[i]) && !isPair);
            if (must || (!isPair && random.Next(8) == 0))
            {
                json.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            }
            else
            {
                json.Append(text, i, isPair ? 2 : 1);
                i += isPair ? 1 : 0;
            }
        }

        return json.Append('"').ToString();
    }

    private static string Meaning(string json)
    {
        var text = new StringBuilder();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        while (reader.Read())
        {
            text.Append(reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName
                ? Deep(Forwarding(reader.ValueSpan)) : reader.TokenType.ToString()).Append('|');
        }

        return text.ToString();
    }

    private static string Forwarding(ReadOnlySpan<byte> escaped) => LlmProxy.Forwarding.Continuation.EscapedChars.Decode(escaped);

    private static string Deep(string text)
    {
        try
        {
            return text.StartsWith('{') && text.EndsWith('}') ? Meaning(text) : text;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
