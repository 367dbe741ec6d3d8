using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class AnswerReaderMutationTests
{
    private const string Compact = """
        {"id":"x","object":"chat.completion","created":3,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"say \"refusal\": no \u00e9é","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":0}},"x_new":[1.5e3,true,{"a":{}}]}
        """;

    private static readonly string[] Pieces =
    [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "0", "-", "1.", "e5", "\\u00e9", " ", "\n", "\u0001", "é", "\0", "\"id\":1,", "\"\\u0069d\":\"y\",",
        "\"usage\":{},", "\"choices\":[],", "\"refusal\":null,", "\"role\":\"\",", "\"error\":\"x\",", "\"index\":0,", "\"prompt_tokens\":1e1,",
    ];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly AnswerIdentity _identity = new("c", "m", 3);

    /// <summary>Whatever happens to an answer, it is taken where the framework takes it, and what is called right is nothing for the mender.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Read_AnyMutation_AgreesWithTheFrameworkAndTheMender(int seed)
    {
        var random = new Random(seed);
        byte[][] originals = [Encoding.UTF8.GetBytes(Compact), LaidOut()];
        (int taken, int right) = (0, 0);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] text = Mutated(originals[round % 2], random);
            PlainAnswer answer = AnswerReader.Read(EndpointKind.Chat, text, Streams.Vendor);
            bool isTaken = answer.Failure is not { Code: ErrorCode.InvalidProviderResponse };

            Assert.True(isTaken == IsObjectToTheFramework(text), Encoding.UTF8.GetString(text));
            if (answer.IsRight)
            {
                var mended = new ArrayBufferWriter<byte>();
                AnswerRepair.Write(text, _identity, mended);
                Assert.True(mended.WrittenCount == 0, Encoding.UTF8.GetString(text));
            }

            taken += isTaken ? 1 : 0;
            right += answer.IsRight ? 1 : 0;
        }

        Assert.InRange(taken, 2_000, 18_000);
        Assert.InRange(right, 1_000, taken);
    }

    private static byte[] LaidOut()
    {
        using JsonDocument answer = JsonDocument.Parse(Compact);
        return JsonSerializer.SerializeToUtf8Bytes(answer, Indented);
    }

    private static byte[] Mutated(byte[] original, Random random)
    {
        List<byte> text = [.. original];
        for (int change = random.Next(3); change > 0; change--)
        {
            int at = random.Next(text.Count);
            switch (random.Next(5))
            {
                case 0:
                    text[at] = (byte)random.Next(256);
                    break;
                case 1:
                    text.RemoveRange(at, Math.Min(text.Count - at, random.Next(1, 20)));
                    break;
                case 2:
                    text.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
                default:
                    int place = text.IndexOf((byte)(random.Next(2) == 0 ? ',' : '{'), at);
                    text.InsertRange(place + 1, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
            }
        }

        return [.. text];
    }

    private static bool IsObjectToTheFramework(byte[] text)
    {
        try
        {
            using JsonDocument answer = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 256 });
            return answer.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
