using System.Collections.Concurrent;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace LlmProxy.Redis;

/// <summary>A script that Redis runs as one step, and the name by which Redis knows it once it has seen it.</summary>
internal sealed class RedisScript
{
    private static readonly ConcurrentBag<RedisScript> Known = [];

    public RedisScript(string text)
    {
        Text = text;
#pragma warning disable CA5350 // Redis names scripts by SHA-1; nothing is protected by it.
        Name = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text))));
#pragma warning restore CA5350
    }

    /// <summary>Every script of this process.</summary>
    public static IReadOnlyCollection<RedisScript> All => Known;

    public string Text { get; }

    /// <summary>What EVALSHA calls it.</summary>
    public byte[] Name { get; }

    /// <summary>Files of Scripts/, one after another: what stands in the first is known in the next.</summary>
    public static RedisScript Load(params ReadOnlySpan<string> names)
    {
        var text = new StringBuilder();
        foreach (string name in names)
        {
            text.Append(Read(name)).Append('\n');
        }

        var script = new RedisScript(text.ToString());
        Known.Add(script);
        return script;
    }

    private static string Read(string name)
    {
        using Stream file = Assembly.GetExecutingAssembly().GetManifestResourceStream($"LlmProxy.Redis.{name}.lua")
            ?? throw new InvalidOperationException($"The script {name} is not in this assembly.");
        using var reader = new StreamReader(file, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
