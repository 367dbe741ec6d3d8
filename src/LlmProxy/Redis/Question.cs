using System.Threading.Tasks.Sources;

namespace LlmProxy.Redis;

/// <summary>Something sent to Redis that is not answered yet.</summary>
internal abstract class Question
{
    /// <summary>Null: it is not out yet.</summary>
    public long? SentAt { get; set; }

    /// <summary>
    /// Called once, with the reply or with nothing, by the thread that reads all replies: it notes, and never waits. What
    /// follows is returned, to be run when replies can be read again; null: nothing.
    /// </summary>
    public abstract IThreadPoolWorkItem? Take(in Reply reply);
}

/// <summary>A question that somebody waits for.</summary>
internal sealed class AwaitedQuestion(Uptime uptime) : Question, IThreadPoolWorkItem, IValueTaskSource<Reply>
{
    private ManualResetValueTaskSourceCore<Reply> _source;
    private Reply _reply;

    /// <summary>To be awaited once.</summary>
    public ValueTask<Reply> Task => new(this, _source.Version);

    public override IThreadPoolWorkItem Take(in Reply reply)
    {
        uptime.Leave();
        _reply = reply;
        return this;
    }

    void IThreadPoolWorkItem.Execute() => _source.SetResult(_reply);

    Reply IValueTaskSource<Reply>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Reply>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<Reply>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
