using System.Globalization;
using System.Text;

namespace LlmProxy.Telemetry.Logs;

/// <summary>A moment's text to the millisecond, in one time zone. Lines come in floods: what a second's lines have in common is made once.</summary>
internal sealed class MomentText
{
    private readonly byte[] _text = new byte[40];
    private readonly string _format;
    private readonly byte[] _end;
    private readonly TimeZoneInfo _zone;
    private long _second = -1;
    private int _begin;

    /// <param name="format">To the point behind the seconds.</param>
    /// <param name="end">What follows the milliseconds.</param>
    /// <param name="zone">Whose clock it is.</param>
    public MomentText(string format, string end, TimeZoneInfo zone) => (_format, _end, _zone) = (format, Encoding.ASCII.GetBytes(end), zone);

    /// <summary>Good until the next one is asked for.</summary>
    public ReadOnlySpan<byte> Of(DateTimeOffset at)
    {
        (long second, long rest) = Math.DivRem(at.UtcTicks, TimeSpan.TicksPerSecond);
        if (second != _second)
        {
            TimeZoneInfo.ConvertTime(at, _zone).TryFormat(_text, out _begin, _format, CultureInfo.InvariantCulture);
            _end.CopyTo(_text, _begin + 3);
            _second = second;
        }

        int ms = (int)(rest / TimeSpan.TicksPerMillisecond);
        _text[_begin] = (byte)('0' + (ms / 100));
        _text[_begin + 1] = (byte)('0' + (ms / 10 % 10));
        _text[_begin + 2] = (byte)('0' + (ms % 10));
        return _text.AsSpan(0, _begin + 3 + _end.Length);
    }
}
