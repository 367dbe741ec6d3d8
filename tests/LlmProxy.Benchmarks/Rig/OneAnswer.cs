using System.Net.Sockets;
using System.Text.RegularExpressions;
using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Rig;

/// <summary>One call made by itself, its answer kept whole, for the checks that come before any timing.</summary>
internal sealed partial record OneAnswer(int Status, byte[] Body, int Frames, string? Wrong)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public Expectation AsExpectation => Frames > 0 ? new(null, Frames) : new(Body.Length, 0);

    public static OneAnswer Ask(int port, byte[] request)
    {
        byte[] buffer = new byte[256 * 1024];
        try
        {
            using Connection connection = new(port);
            using Epoll epoll = new();
            epoll.Watch(connection.Handle, 0);
            connection.Meter.Capture = new MemoryStream();
            long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
            bool sent = connection.Start(request);
            while (Environment.TickCount64 < end)
            {
                sent = sent || connection.SendRest();
                epoll.Wait(sent ? 100 : 1);
                if (connection.Receive(buffer))
                {
                    return new(connection.Status, connection.Meter.Capture.ToArray(), connection.Meter.Frames,
                        connection.Status == 200 ? null : $"status {connection.Status}");
                }
            }
            return new(0, [], 0, "no answer in time");
        }
        catch (Exception e) when (e is SocketException or InvalidDataException)
        {
            return new(0, [], 0, e.Message);
        }
    }

    /// <summary>Says how this answer differs from the one that the upstream itself gives; null when it does not.</summary>
    public string? DifferenceFrom(OneAnswer direct)
    {
        if (Wrong is not null)
        {
            return Wrong;
        }
        if (Frames != direct.Frames)
        {
            return $"{Frames} frames instead of {direct.Frames}";
        }
        return WithoutStamps(Body) == WithoutStamps(direct.Body) ? null : "other bytes than the upstream's";
    }

    // Each chunk carries the time of its sending, which alone may differ.
    private static string WithoutStamps(byte[] body) => Stamp().Replace(System.Text.Encoding.UTF8.GetString(body), "");

    [GeneratedRegex("(?<=\"chatcmpl-)[0-9]{19}")]
    private static partial Regex Stamp();
}
