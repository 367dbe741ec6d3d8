using System.Text;

namespace LlmProxy.Tests.Recordings;

/// <summary>What vendors add without notice: comments, pings, events and fields that nobody knows yet.</summary>
internal static class Stirring
{
    private const string Field = "\"zz_future\":{\"deep\":[1,\"naïve 🦜\",null]},";

    public static string Stir(string stream, string provider)
    {
        bool isSse = stream.Contains("data:", StringComparison.Ordinal);
        if (!isSse)
        {
            // For event stream messages the fields go into the payload behind the event's name.
            string marker = stream.StartsWith("{\"model\"", StringComparison.Ordinal) || provider == "ollama" ? "{" : ":{";
            return string.Join('\n', stream.Split('\n').Select(line => Inserted(line, marker)));
        }

        var stirred = new StringBuilder(": connected\n\nretry: 3000\n\n");
        foreach (string part in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            stirred.Append(part.Contains("\"error\"", StringComparison.Ordinal) ? part : Inserted(part, "data: {")).Append("\n\n: still here\n\n");
            if (provider == "anthropic")
            {
                stirred.Append("event: ping\ndata: {\"type\": \"ping\"}\n\nevent: future_event\ndata: {\"type\":\"future_event\",\"x\":[1,{}]}\n\n");
            }
        }

        return stirred.ToString();
    }

    private static string Inserted(string line, string marker)
    {
        int at = line.IndexOf(marker, StringComparison.Ordinal);
        bool isEmpty = at >= 0 && line[(at + marker.Length)..].StartsWith('}');
        return at < 0 || isEmpty || line.Contains("Exception", StringComparison.Ordinal) ? line : line.Insert(at + marker.Length, Field);
    }
}
