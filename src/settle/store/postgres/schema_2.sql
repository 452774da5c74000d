-- Whose keys providers were asked with, what limits of keys counted of those, and how far estimates may be from the truth.

ALTER TABLE switchtower_rows
    ADD COLUMN certainty text,
    ADD COLUMN byok_counted bigint NOT NULL DEFAULT 0;

-- Whose a key is its name tells.
UPDATE switchtower_rows SET attempts = (
    SELECT jsonb_agg(CASE WHEN it->>'key' LIKE 'byok %' THEN it || '{"byok": true}' ELSE it END ORDER BY place)
    FROM jsonb_array_elements(attempts) WITH ORDINALITY AS attempt (it, place)
) WHERE attempts @? '$[*].key ? (@ starts with "byok ")';

UPDATE switchtower_rows SET certainty = CASE
    WHEN charge IS NULL THEN 'unknown'
    WHEN charge = 0 OR attempts->(answered_by::int)->>'certainty' = 'exact' THEN 'exact'
    ELSE 'estimated'
END;

ALTER TABLE switchtower_rows ALTER COLUMN certainty SET NOT NULL;

ALTER TABLE switchtower_days
    ADD COLUMN charge_unknown_held numeric NOT NULL DEFAULT 0,
    ADD COLUMN charge_estimated numeric NOT NULL DEFAULT 0,
    ADD COLUMN cost_at_most numeric NOT NULL DEFAULT 0,
    ADD COLUMN cost_no_bound numeric NOT NULL DEFAULT 0,
    ADD COLUMN byok_cost numeric NOT NULL DEFAULT 0,
    ADD COLUMN byok_unknown numeric NOT NULL DEFAULT 0,
    ADD COLUMN byok_counted numeric NOT NULL DEFAULT 0;

-- What is not known any more is taken to be what it may be at most.
UPDATE switchtower_days SET
    cost_at_most = cost_exact,
    cost_no_bound = cost_unknown + CASE WHEN cost_estimated <> 0 THEN requests ELSE 0 END;

-- Where all rows of a sum are still there, they tell it.
UPDATE switchtower_days AS day SET
    charge_unknown_held = sums.charge_unknown_held,
    charge_estimated = sums.charge_estimated,
    cost_exact = sums.cost_exact,
    cost_estimated = sums.cost_estimated,
    cost_unknown = sums.cost_unknown,
    cost_at_most = sums.cost_at_most,
    cost_no_bound = sums.cost_no_bound,
    byok_cost = sums.byok_cost,
    byok_unknown = sums.byok_unknown
FROM (
    SELECT floor(created / 86400000000.0)::integer AS day, apart, account, key, model, provider, endpoint,
        CASE WHEN apart THEN "user" END AS "user",
        CASE WHEN apart THEN tag END AS tag,
        count(*) AS requests,
        coalesce(sum(held) FILTER (WHERE certainty = 'unknown'), 0) AS charge_unknown_held,
        coalesce(sum(charge) FILTER (WHERE certainty = 'estimated'), 0) AS charge_estimated,
        sum(cost.cost_exact) AS cost_exact,
        sum(cost.cost_estimated) AS cost_estimated,
        sum(cost.cost_unknown) AS cost_unknown,
        sum(cost.cost_at_most) AS cost_at_most,
        sum(cost.cost_no_bound) AS cost_no_bound,
        sum(cost.byok_cost) AS byok_cost,
        sum(cost.byok_unknown) AS byok_unknown
    FROM switchtower_rows
    CROSS JOIN (VALUES (false), (true)) AS sums (apart)
    CROSS JOIN LATERAL (
        SELECT
            coalesce(sum(amount) FILTER (WHERE NOT byok AND sure = 'exact'), 0) AS cost_exact,
            coalesce(sum(amount) FILTER (WHERE NOT byok AND sure = 'estimated'), 0) AS cost_estimated,
            count(*) FILTER (WHERE NOT byok AND sure = 'unknown') AS cost_unknown,
            coalesce(sum(at_most) FILTER (WHERE NOT byok), 0) AS cost_at_most,
            count(*) FILTER (WHERE NOT byok AND at_most IS NULL) AS cost_no_bound,
            coalesce(sum(amount) FILTER (WHERE byok AND sure <> 'unknown'), 0) AS byok_cost,
            count(*) FILTER (WHERE byok AND sure = 'unknown') AS byok_unknown
        FROM (
            SELECT (it->>'cost')::numeric AS amount, (it->>'at_most')::numeric AS at_most,
                it->>'certainty' AS sure, it ? 'byok' AS byok
            FROM jsonb_array_elements(attempts) AS attempt (it)
        ) AS attempts
    ) AS cost
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
) AS sums
WHERE day.day = sums.day AND day.apart = sums.apart AND day.account = sums.account AND day.requests = sums.requests
    AND (day.key, day.model, day.provider, day.endpoint, day."user", day.tag)
        IS NOT DISTINCT FROM (sums.key, sums.model, sums.provider, sums.endpoint, sums."user", sums.tag);
