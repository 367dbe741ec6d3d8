using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;

namespace LlmProxy.Pipeline;

/// <summary>Reads wishes; an unknown one, or one with a value that means nothing, is the caller's mistake.</summary>
internal static class WishReader
{
    public const string HeaderPrefix = "x-llm-";

    /// <summary>Named by the contract, served by a later version: refused rather than ignored.</summary>
    private static readonly FrozenSet<string> Later = FrozenSet.Create(
        StringComparer.Ordinal,
        "prompt", "variables");

    private static readonly FrozenSet<string> Known = FrozenSet.Create(
        StringComparer.Ordinal,
        "provider", "strategy", "chain", "capability", "task", "budget_remaining", "max_latency_ms", "retries", "truncate", "continue", "explain", "prefer_local", "local_only", "fallback", "timeout_ms", "cache", "cache_ttl", "session", "user", "tags", "priority", "strict", "metadata");

    /// <summary>One header whose name begins with x-llm-.</summary>
    public static GatewayError? ReadHeader(string header, string value, ref Wishes? wishes) =>
        Read(header[HeaderPrefix.Length..].ToLowerInvariant().Replace('-', '_'), value.Trim(), ref wishes);

    /// <summary>The body's "llm" object.</summary>
    public static GatewayError? ReadBody(ReadOnlySpan<byte> json, ref Wishes? wishes)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return GatewayError.Invalid("llm", "The field \"llm\" must be an object of wishes.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (Value(ref reader, name) is not { } value)
            {
                return GatewayError.Invalid("llm." + name, $"The wish \"{Shorten(name)}\" must be a string, a number or a boolean.");
            }

            if (Read(name, value, ref wishes) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private static string? Value(ref Utf8JsonReader reader, string name)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return reader.GetString();
            case JsonTokenType.True:
                return "true";
            case JsonTokenType.False:
                return "false";
            case JsonTokenType.Number:
                return System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
            case JsonTokenType.StartArray when name is "tags" or "chain" or "capability":
                var items = new List<string>();
                while (reader.Read() && reader.TokenType == JsonTokenType.String)
                {
                    items.Add(reader.GetString()!);
                }

                return reader.TokenType == JsonTokenType.EndArray ? string.Join(',', items) : null;
            default:
                return Later.Contains(name) ? "" : null;
        }
    }

    private static GatewayError? Read(string name, string value, ref Wishes? wishes)
    {
        if (Later.Contains(name))
        {
            return GatewayError.Invalid(name, $"The wish \"{name}\" is not available in this version of the gateway.");
        }

        if (!Known.Contains(name))
        {
            return GatewayError.Invalid(Shorten(name), $"Unknown wish \"{Shorten(name)}\". Known: {string.Join(", ", Known.Order(StringComparer.Ordinal))}.");
        }

        wishes ??= new Wishes();
        return Set(wishes, name, value)
            ? null
            : GatewayError.Invalid(name, $"The wish \"{name}\" cannot be \"{Shorten(value)}\": it takes {Takes(name)}.");
    }

    private static bool Set(Wishes wishes, string name, string value)
    {
        switch (name)
        {
            case "provider":
                wishes.Provider = value;
                return value.Length > 0;
            case "chain":
                wishes.Chain = value;
                return value.Length > 0;
            case "strategy":
                wishes.Strategy = Configuration.Strategies.Normalize(value);
                return Configuration.Strategies.IsKnown(value);
            case "capability":
                wishes.Capabilities = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                return wishes.Capabilities.Count is > 0 and <= 16;
            case "task":
                wishes.Task = value;
                return value.Length is > 0 and <= 64;
            case "budget_remaining":
                bool isMoney = decimal.TryParse(value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out decimal usd);
                wishes.BudgetRemaining = usd;
                return isMoney && usd >= 0;
            case "max_latency_ms":
                bool isLatency = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int slowest) && slowest > 0;
                wishes.MaxLatencyMs = slowest;
                return isLatency;
            case "retries":
                bool isCount = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int retries) && retries <= 20;
                wishes.Retries = retries;
                return isCount;
            case "session":
                wishes.Session = value;
                return value.Length is > 0 and <= 512;
            case "user":
                wishes.User = value;
                return value.Length is > 0 and <= 512;
            case "tags":
                wishes.Tags = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                return wishes.Tags.Count <= 32 && value.Length <= 2048;
            case "priority":
                bool isRank = int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int rank);
                wishes.Priority = rank;
                return isRank;
            case "timeout_ms":
                bool isTime = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int ms) && ms > 0;
                wishes.TimeoutMs = ms;
                return isTime;
            case "cache_ttl":
                bool isTtl = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int ttl) && ttl > 0;
                wishes.CacheTtlSeconds = ttl;
                return isTtl;
            case "cache":
                wishes.Cache = value.ToLowerInvariant() switch { "on" or "true" => CacheWish.On, "off" or "false" => CacheWish.Off, "refresh" => CacheWish.Refresh, _ => CacheWish.Unsaid };
                return wishes.Cache != CacheWish.Unsaid;
            default:
                return SetSwitch(wishes, name, value);
        }
    }

    private static bool SetSwitch(Wishes wishes, string name, string value)
    {
        bool? on = value.ToLowerInvariant() switch { "on" or "true" or "1" or "yes" => true, "off" or "false" or "0" or "no" => false, _ => null };
        switch (name)
        {
            case "prefer_local":
                wishes.PreferLocal = on;
                break;
            case "local_only":
                wishes.LocalOnly = on;
                break;
            case "fallback":
                wishes.Fallback = on;
                break;
            case "strict":
                wishes.Strict = on;
                break;
            case "truncate":
                wishes.Truncate = on;
                break;
            case "continue":
                wishes.Continue = on;
                break;
            case "explain":
                wishes.Explain = on;
                wishes.Metadata = on == true ? true : wishes.Metadata; // It is told in the metadata object.
                break;
            default:
                wishes.Metadata = wishes.Explain == true ? true : on;
                break;
        }

        return on is not null;
    }

    private static string Takes(string name) => name switch
    {
        "cache" => "on, off or refresh",
        "timeout_ms" or "cache_ttl" or "max_latency_ms" => "a whole number above 0",
        "retries" => "a whole number from 0 to 20",
        "priority" => "a whole number, higher is later",
        "budget_remaining" => "an amount in USD, like 0.05",
        "strategy" => string.Join(", ", Configuration.Strategies.All[..^1]) + " or " + Configuration.Strategies.All[^1],
        "capability" => "up to 16 names separated by commas",
        "task" => "a name",
        "provider" or "chain" or "session" or "user" => "a name",
        "tags" => "up to 32 names separated by commas",
        _ => "on or off",
    };

    private static string Shorten(string text) => text.Length <= 64 ? text : text[..64] + "...";
}
