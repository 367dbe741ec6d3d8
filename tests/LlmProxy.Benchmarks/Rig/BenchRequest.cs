using System.Globalization;
using System.Text;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Rig;

/// <summary>A chat request as bytes on the wire, the same for every contender.</summary>
internal static class BenchRequest
{
    /// <summary>The name that clients ask for; the gateway sends the vendor's name instead.</summary>
    public const string Model = "bench";

    /// <summary>The same of a model that answers in Anthropic's dialect.</summary>
    public const string ClaudeModel = "bench-claude";

    private const string Words = "the request was read once and kept as it came while only the few fields that decide were looked at "
        + "so nothing else had to be built or thrown away again which is why a long conversation costs little more than a short one";

    /// <summary>The smallest real call: for asking whether somebody is there.</summary>
    public static byte[] Hello { get; } = Small(new AskedAnswer(AskedAnswer.Plain, 0, 0, Usage: false));

    /// <summary>A stream that arrives at once.</summary>
    public static byte[] Burst { get; } = Small(new AskedAnswer(AskedAnswer.Burst, BakedStream.BurstChunks, 0, Usage: false));

    /// <summary>A call of about 0.9 KB.</summary>
    public static byte[] Small(AskedAnswer asked) => Build(asked, Conversation(messages: 2, charactersEach: 365));

    /// <summary>A long agent conversation: 400 messages, about 400 KB.</summary>
    public static byte[] Large(AskedAnswer asked) => Build(asked, Conversation(messages: 400, charactersEach: 960));

    private static byte[] Build(AskedAnswer asked, string messages)
    {
        string stream = asked.Kind == AskedAnswer.Plain ? "" : "\"stream\":true,";
        byte[] body = Encoding.UTF8.GetBytes(
            $$"""{"model":"{{(asked.IsClaude ? ClaudeModel : Model)}}","metadata":{{asked.ToMetadata()}},{{stream}}"temperature":0.7,"max_completion_tokens":1024,"messages":[{{messages}}]}""");
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: OpenAI/JS 6.0.0\r\nAccept: application/json\r\nContent-Type: application/json\r\nAuthorization: Bearer {Contenders.GatewayConfiguration.CallerKey}\r\nContent-Length: {body.Length}\r\n\r\n"));
        return [.. head, .. body];
    }

    private static string Conversation(int messages, int charactersEach)
    {
        Random random = new(20_240_806);
        StringBuilder text = new();
        for (int i = 0; i < messages; i++)
        {
            string role = i == 0 ? "system" : i % 2 == 1 ? "user" : "assistant";
            text.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$"""{"role":"{{role}}","content":"{{Sentence(random, charactersEach)}}"}""");
        }
        return text.ToString();
    }

    // Code and prose of real conversations are full of escapes: a line end or quote every dozen words.
    private static string Sentence(Random random, int characters)
    {
        string[] words = Words.Split(' ');
        StringBuilder text = new();
        while (text.Length < characters)
        {
            text.Append(words[random.Next(words.Length)]).Append(random.Next(12) switch { 0 => "\\n", 1 => "\\\" ", _ => " " });
        }
        return text.ToString();
    }
}
