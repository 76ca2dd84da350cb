async def look_at(app, workspace_id, path, item, part, due):
    return None
