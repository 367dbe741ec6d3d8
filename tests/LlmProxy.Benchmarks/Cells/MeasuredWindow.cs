using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>One contender's part of one round.</summary>
internal sealed record MeasuredWindow(Window Window, LatencyRecorder FirstContent, LatencyRecorder Transit);
