using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Gemini;

public sealed class GeminiAnswerTests
{
    private const string Usage = """ "usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":60,"toolUsePromptTokenCount":5,"candidatesTokenCount":20,"thoughtsTokenCount":12,"totalTokenCount":137,"trafficType":"ON_DEMAND"} """;

    private static readonly TokenUsage Counted = new(45, 60, 0, 32, 12);

    private static readonly string Rich = Google.Events(
        """{"candidates":[{"content":{"parts":[{"text":"Let \"me\" see… 🌦","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":100,"totalTokenCount":100},"modelVersion":"gemini-told","responseId":"rid"}""",
        """{"candidates":[{"content":{"parts":[{"thought":true,"text":" Yes"}]}}],"tomorrow":{"a":[1,{"b":null}]}}""",
        """{"candidates":[{"content":{"parts":[{"text":"Grüße\n"}]}}]}""",
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"\u00e9\ud83d\ude00","tomorrow":1},{"text":"","thoughtSignature":"c2lnbmVk"}]}}]}""",
        """{"candidates":[{"content":{"parts":[{"executableCode":{"language":"PYTHON","code":"print(1)"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1\n"}}]}}]}""",
        """{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"aGk="}}]}}]}""",
        """{"candidates":[{"content":{"parts":[{"functionCall":{"name":"weather","args":{"city": "Ås", "q": "say \"hi\"\\"}},"thoughtSignature":"Y2FsbA=="},{"functionCall":{"id":"own1","name":"clock"}}]}}]}""",
        """{"candidates":[{"finishReason":"STOP","citationMetadata":{"citations":[{"uri":"https://a.test","startIndex":1}]}}],"modelVersion":"gemini-told",""" + Usage + "}");

    private const string RichWhole = """
        {
          "candidates": [ { "content": { "parts": [
            { "text": "Let \"me\" see… 🌦 Yes", "thought": true },
            { "text": "Grüße\n\u00e9\ud83d\ude00" }, { "text": "", "thoughtSignature": "c2lnbmVk" },
            { "executableCode": { "language": "PYTHON", "code": "print(1)" } }, { "codeExecutionResult": { "outcome": "OUTCOME_OK", "output": "1\n" } },
            { "inlineData": { "mimeType": "image/png", "data": "aGk=" } },
            { "functionCall": { "name": "weather", "args": { "city": "Ås",
                "q": "say \"hi\"\\" } }, "thoughtSignature": "Y2FsbA==" },
            { "functionCall": { "id": "own1", "name": "clock" } } ], "role": "model" },
            "finishReason": "STOP", "citationMetadata": { "citations": [ { "uri": "https://a.test",
              "startIndex": 1 } ] } } ],
          "usageMetadata": { "promptTokenCount": 100, "cachedContentTokenCount": 60, "toolUsePromptTokenCount": 5, "candidatesTokenCount": 20, "thoughtsTokenCount": 12, "totalTokenCount": 137 },
          "modelVersion": "gemini-told", "responseId": "rid"
        }
        """;

    [Fact]
    public void Stream_Rich_IsToldCompletely()
    {
        Told told = Google.Stream(Rich);
        Assert.True(told.IsComplete);
        Assert.Null(told.Failure);
        Assert.Equal(Counted, told.Usage);
        Assert.Equal("gemini-told", told.Model);
        JsonObject message = Google.Accumulated(told.Text);
        Assert.Equal("Let \"me\" see… 🌦 Yes", (string?)message["reasoning_content"]);
        Assert.Equal("Grüße\né😀\n```python\nprint(1)\n```\n\n```\n1\n```\n", (string?)message["content"]);
        Assert.Equal("data:image/png;base64,aGk=", (string?)message["images"]![0]!["image_url"]!["url"]);
        Assert.Equal("gemini:c2lnbmVk", (string?)message["thinking_blocks"]![0]!["signature"]);
        JsonArray calls = message["tool_calls"]!.AsArray();
        Assert.Equal("weather", (string?)calls[0]!["function"]!["name"]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"city":"Ås","q":"say \"hi\"\\"}"""), JsonNode.Parse((string)calls[0]!["function"]!["arguments"]!)));
        Assert.Equal("Y2FsbA==", (string?)calls[0]!["extra_content"]!["google"]!["thought_signature"]);
        Assert.StartsWith("call_", (string?)calls[0]!["id"], StringComparison.Ordinal);
        Assert.Equal("own1", (string?)calls[1]!["id"]);
        Assert.Equal("{}", (string?)calls[1]!["function"]!["arguments"]);
        Assert.Equal("https://a.test", (string?)message["citations"]![0]!["uri"]);
        Assert.Equal("tool_calls", (string?)message["finish_reason"]);
        Assert.Equal(132, (int)message["usage"]!["total_tokens"]! - (int)message["usage"]!["prompt_tokens_details"]!["cached_tokens"]! + 60 - 5);
        Assert.EndsWith("data: [DONE]\n\n", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Whole_Rich_SaysWhatTheStreamSays()
    {
        Told whole = Google.Whole(RichWhole);
        Assert.Null(whole.Failure);
        Assert.Equal(Counted, whole.Usage);
        JsonNode choice = Google.Choice(whole);
        JsonObject streamed = Google.Accumulated(Google.Stream(Rich).Text);
        foreach (string name in (string[])["content", "reasoning_content", "thinking_blocks", "images", "citations"])
        {
            Assert.True(JsonNode.DeepEquals(streamed[name], choice["message"]![name]), $"{name}: {choice["message"]![name]?.ToJsonString()}");
        }

        for (int i = 0; i < 2; i++)
        {
            Assert.True(JsonNode.DeepEquals(streamed["tool_calls"]![i]!["function"], choice["message"]!["tool_calls"]![i]!["function"]));
        }

        Assert.Equal("tool_calls", (string?)choice["finish_reason"]);
    }

    [Fact]
    public void Stream_CutAnywhere_SaysTheSame()
    {
        string Said(IEnumerable<int> cuts) => Without(Google.Accumulated(Google.Stream(Rich, cuts: cuts).Text));
        int length = Encoding.UTF8.GetByteCount(Rich);
        string whole = Said([]);
        Assert.Equal(whole, Said(Enumerable.Range(1, length)));
        for (int seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            Assert.Equal(whole, Said(Enumerable.Range(0, 12).Select(_ => random.Next(length))));
        }

        static string Without(JsonObject message)
        {
            message["tool_calls"]![0]!["id"] = "";
            return message.ToJsonString();
        }
    }

    [Fact]
    public void Stream_EndsBeforeAFinishReason_IsNotWhole()
    {
        Told told = Google.Stream(Google.Events("""{"candidates":[{"content":{"parts":[{"text":"Hal"}]}}]}"""));
        Assert.False(told.IsComplete);
        Assert.DoesNotContain("[DONE]", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Stream_StopWithEveryPiece_FinishesOnce()
    {
        Told told = Google.Stream(Google.Events(
            """{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}""", """{"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}"""));
        Assert.Equal("ab", (string?)Google.Accumulated(told.Text)["content"]);
        Assert.Single(told.Text.Split("\"finish_reason\":\"stop\"")[1..]);
    }

    [Theory]
    [InlineData("STOP", "stop")]
    [InlineData("MAX_TOKENS", "length")]
    [InlineData("SAFETY", "content_filter")]
    [InlineData("RECITATION", "content_filter")]
    [InlineData("LANGUAGE", "content_filter")]
    [InlineData("BLOCKLIST", "content_filter")]
    [InlineData("PROHIBITED_CONTENT", "content_filter")]
    [InlineData("SPII", "content_filter")]
    [InlineData("IMAGE_SAFETY", "content_filter")]
    [InlineData("IMAGE_PROHIBITED_CONTENT", "content_filter")]
    [InlineData("MALFORMED_FUNCTION_CALL", "stop")]
    [InlineData("UNEXPECTED_TOOL_CALL", "stop")]
    [InlineData("OTHER", "stop")]
    [InlineData("TOMORROWS_REASON", "stop")]
    public void Finish_EveryReason_IsMapped(string reason, string expected)
    {
        string answer = $$"""{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"{{reason}}"}]}""";
        Assert.Equal(expected, (string?)Google.Choice(Google.Whole(answer))["finish_reason"]);
        Assert.Equal(expected, (string?)Google.Accumulated(Google.Stream(Google.Events(answer)).Text)["finish_reason"]);
    }

    [Fact]
    public void Finish_NothingWasSaid_TheReasonIsTold()
    {
        JsonNode choice = Google.Choice(Google.Whole("""{"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: f("}]}"""));
        Assert.Equal("Malformed function call: f(", (string?)choice["message"]!["refusal"]);
    }

    [Fact]
    public void Blocked_Prompt_IsAContentFilter()
    {
        const string Blocked = """{"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"not here"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"m"}""";
        JsonNode choice = Google.Choice(Google.Whole(Blocked));
        Assert.Equal("content_filter", (string?)choice["finish_reason"]);
        Assert.Equal("not here", (string?)choice["message"]!["refusal"]);
        Told told = Google.Stream(Google.Events(Blocked));
        Assert.True(told.IsComplete);
        Assert.Equal("content_filter", (string?)Google.Accumulated(told.Text)["finish_reason"]);
        Assert.Equal(new TokenUsage(4, 0, 0, 0, 0), told.Usage);
    }

    [Fact]
    public void Choices_Several_KeepTheirNumbers()
    {
        const string Ask = """{"model":"x","n":2,"messages":[{"role":"user","content":"Hi"}]}""";
        Told told = Google.Whole("""{"candidates":[{"index":1,"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"},{"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"MAX_TOKENS"},{"index":9000000,"content":{"parts":[{"text":"c"}]}}]}""", Ask);
        JsonArray choices = JsonNode.Parse(told.Text)!["choices"]!.AsArray();
        Assert.Equal(["a", "b"], choices.Select(choice => (string?)choice!["message"]!["content"]));
        Assert.Equal(["length", "stop"], choices.Select(choice => (string?)choice!["finish_reason"]));
        Assert.Equal(1, Turns.Open("gemini", Ask).Requests);
    }

    [Fact]
    public void Grounding_Supports_BecomeAnnotationsCountedInCharacters()
    {
        const string Ask = """{"model":"x","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"google_search"}]}""";
        JsonNode message = Google.Choice(Google.Whole("""
            {"candidates":[{"content":{"parts":[{"text":"Größe: 5 m. Alt."}]},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["q"],
             "groundingChunks":[{"web":{"uri":"https://a.test","title":"A"}},{"web":{"uri":"https://b.test"}}],
             "groundingSupports":[{"segment":{"endIndex":13,"text":"Größe: 5 m."},"groundingChunkIndices":[0,1,7]}]}}]}
            """, Ask))["message"]!;
        JsonArray annotations = message["annotations"]!.AsArray();
        Assert.Equal(2, annotations.Count);
        Assert.Equal("https://a.test", (string?)annotations[0]!["url_citation"]!["url"]);
        Assert.Equal(11, (int)annotations[0]!["url_citation"]!["end_index"]!);
        Assert.Equal("q", (string?)message["grounding_metadata"]![0]!["webSearchQueries"]![0]);
    }

    [Fact]
    public void Logprobs_Chosen_ComeWithTheOthers()
    {
        const string Ask = """{"model":"x","messages":[{"role":"user","content":"Hi"}],"logprobs":true}""";
        JsonNode content = Google.Choice(Google.Whole("""
            {"candidates":[{"content":{"parts":[{"text":"é"}]},"finishReason":"STOP","logprobsResult":{"chosenCandidates":[{"token":"é","tokenId":1,"logProbability":-0.25}],
             "topCandidates":[{"candidates":[{"token":"é","logProbability":-0.25},{"token":"e","logProbability":-2}]}]}}]}
            """, Ask))["logprobs"]!["content"]!;
        Assert.Equal(-0.25, (double)content[0]!["logprob"]!);
        Assert.Equal([195, 169], content[0]!["bytes"]!.AsArray().Select(b => (int)b!));
        Assert.Equal("e", (string?)content[0]!["top_logprobs"]![1]!["token"]);
    }

    [Fact]
    public void AnswerTool_Called_IsTheText()
    {
        const string Ask = """{"model":"x","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"g"}}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}""";
        JsonNode choice = Google.Choice(Google.Whole("""{"candidates":[{"content":{"parts":[{"functionCall":{"name":"give_answer","args":{"a": 1}}}]},"finishReason":"STOP"}]}""", Ask));
        Assert.Equal("""{"a":1}""", (string?)choice["message"]!["content"]);
        Assert.Equal("stop", (string?)choice["finish_reason"]);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("""{"candidates":[]}""")]
    [InlineData("""{"candidates":{}}""")]
    [InlineData("""{"candidates":["x"]}""")]
    [InlineData("""{"candidates":[{"content":"x"}]}""")]
    [InlineData("""{"candidates":[{"content":{"parts":"x"}}]}""")]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":5}]}}]}""")]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":"cut"}]},"finishReason":"STOP"}""")]
    [InlineData("""{"candidates":[{"finishReason":"STOP"}]} and more""")]
    public void Whole_NotWhatGoogleDocuments_IsInvalid(string answer) => Assert.Equal(ErrorCode.InvalidProviderResponse, Google.Whole(answer).Failure!.Code);

    [Fact]
    public void Whole_AnArrayOfPieces_IsReadAsOne()
    {
        Told told = Google.Whole("""[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]},{"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}]""");
        Assert.Equal("ab", (string?)Google.Choice(told)["message"]!["content"]);
    }

    [Fact]
    public void Stream_ErrorInside_IsToldAsFailure()
    {
        Told told = Google.Stream(Google.Events(
            """{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}""",
            """{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"""));
        Assert.Equal(ErrorCode.ProviderError, told.Failure!.Code);
        Assert.False(told.IsComplete);
    }

    [Fact]
    public void Junk_Anywhere_NeverCrashes()
    {
        byte[] good = Encoding.UTF8.GetBytes(Rich);
        byte[] whole = Encoding.UTF8.GetBytes(RichWhole);
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            byte[] stream = Spoil(good, random);
            _ = Turns.Stream(Turns.Open("gemini", Google.AskStream), stream, Enumerable.Range(0, 5).Select(_ => random.Next(stream.Length)));
            _ = Turns.Whole(Turns.Open("gemini", Google.Ask), Spoil(whole, random));
        }

        static byte[] Spoil(byte[] bytes, Random random)
        {
            byte[] spoilt = [.. bytes];
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                int at = random.Next(spoilt.Length);
                switch (random.Next(3))
                {
                    case 0:
                        spoilt[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        spoilt = [.. spoilt[..at], .. spoilt[Math.Min(spoilt.Length, at + random.Next(20))..], 0];
                        break;
                    default:
                        spoilt[at] = "{}[]\",:\\0"u8[random.Next(9)];
                        break;
                }
            }

            return spoilt;
        }
    }
}
