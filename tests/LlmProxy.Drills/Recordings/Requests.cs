using System.Text.Json.Nodes;

namespace LlmProxy.Drills.Recordings;

/// <summary>A chat request that could have drawn a recorded answer: with tools where it calls some.</summary>
internal static class Requests
{
    public static string Chat(Recording recording, bool isStream, bool asksForUsage)
    {
        var request = new JsonObject
        {
            ["model"] = "main",
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hello" }),
        };
        if (isStream)
        {
            request["stream"] = true;
            if (asksForUsage)
            {
                request["stream_options"] = new JsonObject { ["include_usage"] = true };
            }
        }

        var tools = new JsonArray();
        foreach (string name in Expected.Of(recording).Calls.Select(c => c.Name).Distinct())
        {
            tools.Add(new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = name, ["parameters"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() } },
            });
        }

        if (tools.Count > 0)
        {
            request["tools"] = tools;
        }

        return request.ToJsonString();
    }
}
