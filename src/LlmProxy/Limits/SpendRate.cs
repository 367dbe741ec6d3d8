namespace LlmProxy.Limits;

/// <summary>
/// How much one key usually spends in ten minutes, and whether these ten are out of the common: more than ten times the mean
/// of the last day (of its life, where that is shorter, but of an hour at least), and a dollar or more. Said once an hour.
/// </summary>
internal sealed class SpendRate
{
    public static readonly TimeSpan Span = TimeSpan.FromMinutes(10);

    public const int Times = 10;
    public const long LeastUnits = Accounting.Money.UnitsPerUsd;

    private const int SpansOfADay = 144;
    private const int SpansOfAnHour = 6;

    private double _usual;
    private long _spans;
    private long _current = -1;
    private long _units;
    private long _saidAt = long.MinValue;

    /// <summary>The mean of the spans before this one, in units.</summary>
    public double Usual => _usual;

    /// <summary>What this span has spent so far.</summary>
    public long Units => _units;

    /// <summary>True: this is unusual, and nobody has been told within the hour.</summary>
    public bool Add(long units, TimeSpan now)
    {
        MoveTo(now.Ticks / Span.Ticks);
        _units = units > long.MaxValue - _units ? long.MaxValue : _units + units;
        bool isUnusual = _spans >= SpansOfAnHour && _units >= LeastUnits && _units > _usual * Times
            && (_saidAt == long.MinValue || _current - _saidAt >= SpansOfAnHour);
        if (isUnusual)
        {
            _saidAt = _current;
        }

        return isUnusual;
    }

    private void MoveTo(long span)
    {
        if (_current < 0)
        {
            _current = span;
        }

        if (span <= _current)
        {
            return;
        }

        Close(_units);
        long silent = span - _current - 1;
        if (silent >= SpansOfADay)
        {
            (_usual, _spans) = (0, SpansOfADay);
        }
        else
        {
            for (; silent > 0; silent--)
            {
                Close(0);
            }
        }

        (_current, _units) = (span, 0);
    }

    private void Close(long units)
    {
        _spans = Math.Min(_spans + 1, SpansOfADay);
        _usual += (units - _usual) / _spans;
    }
}
