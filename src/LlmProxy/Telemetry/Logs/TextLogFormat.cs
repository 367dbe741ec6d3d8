using System.Buffers;
using System.Globalization;
using System.Text;
using LlmProxy.Accounting;
using Serilog.Events;
using Serilog.Parsing;

namespace LlmProxy.Telemetry.Logs;

/// <summary>Lines for people: local time, level, what happened.</summary>
internal sealed class TextLogFormat(TimeZoneInfo zone) : ILogFormat
{
    private const string Own = "LlmProxy";
    private const int LongestModel = 128;
    private const int Frames = 8;

    private readonly StringBuilder _message = new();
    private readonly MomentText _moment = new("MM-dd HH:mm:ss.", end: " ", zone);

    public void Write(LogEvent happened, ArrayBufferWriter<byte> line)
    {
        Begin(line, happened.Timestamp, LevelOf(happened.Level));
        if (CategoryOf(happened) is { } category)
        {
            line.Put("["u8);
            line.Put(category);
            line.Put("] "u8);
        }

        line.Put(Render(happened, _message));
        if (happened.Exception is { } exception)
        {
            line.Put(" · "u8);
            Write(exception, line);
        }

        line.Put("\n"u8);
    }

    public void Write(CallRow call, ArrayBufferWriter<byte> line)
    {
        Begin(line, call.FinishedAt, "INF "u8);
        line.Put(call.Endpoint);
        line.Put(" "u8);
        line.Put(call.RequestedModel is { Length: > 0 } model ? model : "-", LongestModel);
        if (call.Llm is not null)
        {
            line.Put(" → "u8);
            line.Put(call.Provider);
            line.Put("/"u8);
            line.Put(call.Llm);
        }

        line.Put(" "u8);
        line.Put(call.Status);
        line.Put(call.IsStream ? " stream in "u8 : " in "u8);
        line.Put(call.Duration);
        WriteTimes(call, line);
        WriteUsage(call, line);
        WriteTroubles(call, line);
        if (call.Key is not null)
        {
            line.PutPair("key"u8, call.Key);
        }

        if (call.Workspace is not null)
        {
            line.PutPair("workspace"u8, call.Workspace);
        }

        line.PutPair("id"u8, call.Id);
        line.Put("\n"u8);
    }

    /// <summary>The message without the quotes that Serilog would put around strings.</summary>
    internal static string Render(LogEvent happened, StringBuilder buffer)
    {
        buffer.Clear();
        using StringWriter writer = new(buffer, CultureInfo.InvariantCulture);
        foreach (MessageTemplateToken token in happened.MessageTemplate.Tokens)
        {
            if (token is PropertyToken { Alignment: null } property
                && happened.Properties.TryGetValue(property.PropertyName, out LogEventPropertyValue? value)
                && value is ScalarValue { Value: string text })
            {
                buffer.Append(text);
            }
            else
            {
                token.Render(happened.Properties, writer, CultureInfo.InvariantCulture);
            }
        }

        return buffer.ToString();
    }

    private static ReadOnlySpan<byte> LevelOf(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => "TRC "u8,
        LogEventLevel.Debug => "DBG "u8,
        LogEventLevel.Information => "INF "u8,
        LogEventLevel.Warning => "WRN "u8,
        LogEventLevel.Error => "ERR "u8,
        _ => "CRT "u8,
    };

    /// <summary>Who speaks, in one word, unless it is the gateway itself.</summary>
    private static string? CategoryOf(LogEvent happened)
    {
        if (!happened.Properties.TryGetValue("SourceContext", out LogEventPropertyValue? source)
            || source is not ScalarValue { Value: string category }
            || category.StartsWith(Own, StringComparison.Ordinal))
        {
            return null;
        }

        return category[(category.LastIndexOf('.') + 1)..];
    }

    private static void WriteTimes(CallRow call, ArrayBufferWriter<byte> line)
    {
        ReadOnlySpan<byte> before = " ("u8;
        AddTime(line, ref before, "ttft "u8, call.FirstToken);
        AddTime(line, ref before, "overhead "u8, call.Overhead);
        AddTime(line, ref before, "queue "u8, call.Queued);
        if (before is [(byte)',', ..])
        {
            line.Put(")"u8);
        }
    }

    private static void AddTime(ArrayBufferWriter<byte> line, ref ReadOnlySpan<byte> before, ReadOnlySpan<byte> name, TimeSpan? time)
    {
        if (time is { } known)
        {
            line.Put(before);
            line.Put(name);
            line.Put(known);
            before = ", "u8;
        }
    }

    private static void WriteUsage(CallRow call, ArrayBufferWriter<byte> line)
    {
        if (call.Usage.Total > 0)
        {
            line.Put(call.UsageSource == "estimated" ? " tokens ~"u8 : " tokens "u8);
            line.Put(call.Usage.Input);
            line.Put("+"u8);
            line.Put(call.Usage.Output);
            if (call.Usage.CachedInput > 0)
            {
                line.Put(" ("u8);
                line.Put(call.Usage.CachedInput);
                line.Put(" cached)"u8);
            }
        }

        if (call.CostUsd is { } cost)
        {
            line.Put(" "u8);
            line.PutUsd(cost);
        }
    }

    private static void WriteTroubles(CallRow call, ArrayBufferWriter<byte> line)
    {
        if (call.ErrorCode is not null)
        {
            line.PutPair("error"u8, call.ErrorCode);
        }

        if (call.ClientGone)
        {
            line.Put(" client_gone"u8);
        }

        if (call.Attempts > 1)
        {
            line.Put(" attempts="u8);
            line.Put(call.Attempts);
        }

        if (call.Fallback is not null)
        {
            line.PutPair("fallback"u8, call.Fallback);
        }

        if (call.Cache is not (null or "miss" or "bypass"))
        {
            line.PutPair("cache"u8, call.Cache);
        }

        if (call.ErrorCode is not null && call.ProviderRequestId is not null)
        {
            line.PutPair("provider_request_id"u8, call.ProviderRequestId);
        }
    }

    /// <summary>Each exception of the chain by type and message, then where the innermost one came from.</summary>
    private static void Write(Exception exception, ArrayBufferWriter<byte> line)
    {
        Exception innermost = exception;
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            line.Put(cause == exception ? ""u8 : " ← "u8);
            line.Put(cause.GetType().Name);
            line.Put(": "u8);
            line.Put(cause.Message);
            innermost = cause.StackTrace is null ? innermost : cause;
        }

        int frames = 0;
        foreach (ReadOnlySpan<char> frame in innermost.StackTrace.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> trimmed = frame.Trim();
            if (!trimmed.StartsWith("at ", StringComparison.Ordinal))
            {
                continue;
            }

            line.Put(" | "u8);
            line.Put(WithoutFolders(trimmed));
            if (++frames == Frames)
            {
                break;
            }
        }
    }

    /// <summary>"at A.B() in /src/A.cs:line 3" without the folder that only the build machine had.</summary>
    private static string WithoutFolders(ReadOnlySpan<char> frame)
    {
        int place = frame.LastIndexOf(" in ", StringComparison.Ordinal);
        return place < 0 ? frame.ToString() : string.Concat(frame[..(place + 4)], frame[(frame.LastIndexOfAny('/', '\\') + 1)..]);
    }

    private void Begin(ArrayBufferWriter<byte> line, DateTimeOffset at, ReadOnlySpan<byte> level)
    {
        line.Put(_moment.Of(at));
        line.Put(level);
    }
}
