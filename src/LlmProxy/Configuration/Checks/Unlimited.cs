using LlmProxy.Configuration.Options;

namespace LlmProxy.Configuration.Checks;

/// <summary>Zero means "no limit" to an operator; timers and buffers get the largest value they can take, so that nobody has to ask.</summary>
internal static class Unlimited
{
    /// <summary>24 days: the longest that every timer accepts.</summary>
    public const int Seconds = 24 * 86_400;

    public static void Apply(GatewayOptions options)
    {
        foreach (LlmOptions llm in options.Llms)
        {
            llm.TimeoutSeconds = OrMost(llm.TimeoutSeconds, Seconds);
            llm.FirstTokenTimeoutSeconds = OrMost(llm.FirstTokenTimeoutSeconds, Seconds);
            llm.IdleTimeoutSeconds = OrMost(llm.IdleTimeoutSeconds, Seconds);
        }

        options.Resilience.DeadlineSeconds = OrMost(options.Resilience.DeadlineSeconds, Seconds);
        options.Resilience.ConnectSeconds = OrMost(options.Resilience.ConnectSeconds, Seconds);
        options.Limits.BodySeconds = OrMost(options.Limits.BodySeconds, Seconds);
        options.Limits.MaxBodyBytes = Math.Min(OrMost(options.Limits.MaxBodyBytes, Array.MaxLength), Array.MaxLength);
        options.Cache.TtlSeconds = OrMost(options.Cache.TtlSeconds, Seconds);
        options.Cache.MaxEntries = OrMost(options.Cache.MaxEntries, int.MaxValue);
        options.Cache.MaxBytes = options.Cache.MaxBytes == 0 ? long.MaxValue : options.Cache.MaxBytes;
        options.Journal.MaxBytes = options.Journal.MaxBytes == 0 ? long.MaxValue : options.Journal.MaxBytes;
    }

    private static int OrMost(int value, int most) => value == 0 ? most : value;
}
